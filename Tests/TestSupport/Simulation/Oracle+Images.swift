import Catalog
import ImageModel

extension Oracle {
    /// Each image has the status that its own events lead to.
    func statuses() -> [String] {
        var told: [ImageID: ImageStatus] = [:]
        for entry in world.rows.audit.outbox where entry.destination == .events {
            guard case .image(let kind, let phase) = entry.event.topic, let image = entry.event.data.image else {
                continue
            }
            let makesImage = entry.event.data.job?.makesImage == true
            switch (kind, phase) {
            case (_, .accepted) where makesImage: told[image.id] = .queued
            case (_, .completed) where makesImage: told[image.id] = .active
            case (_, .failed) where makesImage: told[image.id] = .failed
            case (_, .cancelled) where makesImage: told[image.id] = .cancelled
            case (.delete, .completed) where entry.event.data.job?.deletesWholeImage == true: told[image.id] = .deleted
            default: break
            }
        }
        return state.images.compactMap { image in
            image.status == told[image.id]
                ? nil
                : "image \(image.id) is \(image.status.rawValue), its events say \(told[image.id]?.rawValue ?? "-")"
        }
    }

    /// An active image has its bytes in every store it names, and no store has bytes that the catalog knows nothing of.
    func bytes() -> [String] {
        var findings = state.promised == 0 ? [] : ["\(state.promised) bytes are promised though nobody writes"]
        var owned: Set<String> = []
        for image in state.images {
            for replica in image.replicas {
                owned.insert("\(replica.store) \(replica.objectKey ?? "")")
                if replica.state != .available {
                    findings.append("image \(image.id) has a replica that is \(replica.state.rawValue)")
                }
                findings += bytes(of: image, replica)
            }
            if let operation = image.operation {
                findings.append("image \(image.id) shows \(operation.rawValue) though nobody works on it")
            }
            if image.status == .active, image.replicas.isEmpty { findings.append("image \(image.id) has no bytes") }
            if image.status != .active, !image.replicas.isEmpty {
                findings.append("image \(image.id) is \(image.status.rawValue) and has bytes")
            }
        }
        return findings + strayBytes(owned)
    }

    private func bytes(of image: Image, _ replica: Replica) -> [String] {
        guard let disk = world.disks.first(where: { $0.name == replica.store }), let key = replica.objectKey,
            let transfer = disk.transfer(ofKey: key), let object = disk.objects[transfer]
        else { return ["image \(image.id) names an object in \(replica.store) that is not there"] }
        guard let content = image.content, content.size == Int64(object.bytes.count),
            content.digests.contains(SHA256Digest.of(object.bytes))
        else { return ["the bytes of image \(image.id) in \(replica.store) are not those the catalog describes"] }
        guard wereServed(object.bytes, for: image.id) else {
            return ["the bytes of image \(image.id) in \(replica.store) were never served like this"]
        }
        return []
    }

    /// Whether a server had these bytes at one time, and not a part of them now and a part of them then.
    ///
    /// Nobody can tell that of a server which says that its changed bytes are the same.
    private func wereServed(_ bytes: [UInt8], for image: ImageID) -> Bool {
        let maker = state.jobs.last { $0.imageID == image && $0.state == .succeeded && $0.makesImage }
        switch maker?.request.work {
        case .import(let request):
            guard let object = world.workload.bodies[request.source.url] else { return false }
            return object.keepsValidator || object.served(bytes)
        case .copy(let request):
            return wereServed(bytes, for: request.imageID)
        default:
            return false
        }
    }

    /// When all is at rest, stores have the bytes of images and nothing else.
    ///
    /// With one exception, left to the sweeper: a worker that was frozen between recording a transfer and opening its
    /// staging opens it when it goes on, though its successor has done away with that transfer meanwhile.
    private func strayBytes(_ owned: Set<String>) -> [String] {
        var findings: [String] = []
        for disk in world.disks {
            for transfer in disk.objects.keys.sorted() where !owned.contains("\(disk.name) \(disk.key(of: transfer))") {
                findings.append(stray(transfer, "an object", in: disk))
            }
            for transfer in disk.staged.keys.sorted() where !isFrozenWorkers(transfer, in: disk) {
                findings.append(stray(transfer, "staged bytes", in: disk))
            }
        }
        return findings
    }

    private func isFrozenWorkers(_ id: TransferID, in disk: SimulatedDisk) -> Bool {
        !world.weather.tally.hasNo(.pause) && world.rows.audit.transfers[id]?.store == disk.name
    }

    private func stray(_ id: TransferID, _ what: String, in disk: SimulatedDisk) -> String {
        let transfer = world.rows.audit.transfers[id].map { "of job \($0.job), which is \($0.state.rawValue)" }
        return "store \(disk.name) has \(what) of transfer \(id) \(transfer ?? "that nobody recorded")"
    }

    /// Each member has the status that the last share job gave.
    func members() -> [String] {
        var told: [World.MemberKey: MemberStatus] = [:]
        for entry in world.rows.audit.outbox where entry.destination == .events {
            guard let share = entry.event.data.share, let status = share.status, let image = entry.event.imageID else {
                continue
            }
            told[World.MemberKey(image: image, account: share.member)] = status
        }
        return told == state.members ? [] : ["members are not what the share events say"]
    }
}

extension Job {
    fileprivate var deletesWholeImage: Bool {
        guard case .delete(let request) = request.work else { return false }
        return request.store == nil
    }
}
