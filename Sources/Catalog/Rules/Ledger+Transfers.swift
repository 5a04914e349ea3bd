import ImageModel

extension Ledger {
    func beginTransfer(
        _ lease: JobLease, to store: StoreName, expecting size: Int64?, _ demand: SpaceDemand?,
        in space: SpaceMeasurement?
    ) throws -> Transfer {
        let job = try job(of: lease)
        try reserve(size ?? 0, in: targets(of: job).union([store]), for: job)
        var image = try image(of: job)
        var transfer = Transfer(
            id: random.identifier(), job: job.id, image: image.id, store: store, createdAt: rows.now)
        if let demand { try promise(demand, to: &transfer, in: space) }
        try rows.insert(transfer)
        var replica =
            image.replicas.first { $0.store == store }
            ?? Replica(store: store, state: .initial, createdAt: rows.now, updatedAt: rows.now)
        if replica.state != .copying { try advance(&replica, .transferBegan, of: image.id) }
        image.setReplica(replica)
        try rows.update(image)
        return transfer
    }

    /// The stores that a job brings bytes to.
    private func targets(of job: Job) throws -> Set<StoreName> {
        Set(try rows.openTransfers(of: job.id).lazy.filter { !$0.isScratch }.map(\.store))
    }

    /// A transfer that only stands for space: it ends with the job at the latest, and no replica knows of it.
    func beginScratch(
        _ lease: JobLease, in place: StoreName, _ demand: SpaceDemand, _ space: SpaceMeasurement?
    ) throws -> Transfer {
        let job = try job(of: lease)
        guard place.isScratch else {
            throw CatalogError(.forbidden, "\(place) is no scratch space")
        }
        var transfer = Transfer(
            id: random.identifier(), job: job.id, image: try image(of: job).id, store: place, createdAt: rows.now)
        try promise(demand, to: &transfer, in: space)
        try rows.insert(transfer)
        return transfer
    }

    func noteCheckpoint(_ lease: JobLease, of ids: [TransferID], _ checkpoint: TransferCheckpoint) throws {
        var checkpoint = checkpoint
        checkpoint.fence = lease.fence
        for id in ids {
            var transfer = try transfer(id, of: lease)
            transfer.checkpoint = checkpoint
            try setWritten(max(transfer.writtenBytes, checkpoint.durableBytes), of: &transfer)
            try rows.update(transfer)
        }
    }

    func beginCommit(_ lease: JobLease, of id: TransferID, with result: TransferResult) throws {
        let job = try wantedJob(of: lease)
        var transfer = try transfer(id, of: lease)
        try reserve(result.content.size, in: targets(of: job), for: job)
        transfer.state = .committing
        transfer.result = result
        try setWritten(max(transfer.writtenBytes, result.content.size), of: &transfer)
        try rows.update(transfer)
    }

    func abandon(_ lease: JobLease, _ id: TransferID) throws -> Transfer {
        let transfer = try close(transfer(id, of: lease), as: .abandoned)
        var image = try image(of: job(of: lease))
        let isLast = try !rows.openTransfers(of: transfer.job).contains { $0.store == transfer.store }
        if isLast, var replica = image.replicas.first(where: { $0.store == transfer.store && $0.state == .copying }) {
            try advance(&replica, .transferFailed, of: image.id)
            image.setReplica(replica)
            try rows.update(image)
        }
        return transfer
    }

    func noteCleared(_ transfers: [Transfer]) throws {
        for var transfer in transfers where transfer.state == .abandoned {
            transfer.state = .discarded
            transfer.checkpoint = nil
            try rows.update(transfer)
        }
    }

    /// What a job that ends has not stored and not discarded is nobody's any more.
    func giveUpTransfers(of job: Job) throws {
        for transfer in try rows.openTransfers(of: job.id) { try close(transfer, as: .abandoned) }
    }

    /// An open transfer of the job a lease is for.
    func transfer(_ id: TransferID, of lease: JobLease) throws -> Transfer {
        let job = try job(of: lease)
        guard let transfer = try rows.openTransfers(of: job.id).first(where: { $0.id == id }) else {
            throw CatalogError(.forbidden, "transfer \(id) is not an open transfer of job \(job.id)")
        }
        return transfer
    }

    /// Remembers progress; the bytes shown never fall within an attempt.
    func noteProgress(_ lease: JobLease, _ progress: JobProgress, source: SourceFacts?) throws -> ImageEvent {
        var job = try job(of: lease)
        var progress = progress
        progress.bytes = max(progress.bytes, job.progress?.bytes ?? 0)
        job.progress = progress
        job.source = source ?? job.source
        if progress.bytes > 0 { try noteBytes(of: job) }
        guard try rows.update(job, ifFenceIs: lease.fence) else {
            throw CatalogError(.fenced, "job \(job.id) moved on from fence \(lease.fence)")
        }
        let image = try job.imageID.flatMap(rows.image)
        return ImageEvent(
            id: random.identifier(), topic: .image(job.kind, .progress), imageID: job.imageID,
            owner: image?.details.owner, jobID: job.id.rawValue, sequence: nil, time: rows.now,
            data: EventData(job: job, image: image, source: job.source, progress: progress))
    }

    /// The image becomes active: content, replicas, transfers, job and event in one transaction.
    func completeImport(_ lease: JobLease, result: TransferResult, replicas: [Replica]) throws {
        var job = try wantedJob(of: lease)
        guard job.kind == .import else {
            throw CatalogError(.forbidden, "job \(job.id) is a \(job.kind.rawValue), not an import")
        }
        var image = try image(of: job)
        let missing = try missingStores(of: job, having: replicas)
        try closeCommitted(of: job, in: replicas.map(\.store))
        image.content = result.content
        if let os = result.os { image.details.os.fillGaps(from: os) }
        let there = try replicas.map { try stored($0, of: image) }
        let owed = try missing.map { try owedReplica(of: image, in: $0) }
        image.replicas = (there + owed).sorted { $0.store < $1.store }
        try apply(.imported, to: &image)
        job.source = result.source
        try noteFetched(job)
        try end(&job, .succeeded, image: image)
        for store in missing { try repair(image, in: store, after: job) }
    }

    /// Closes the transfers whose objects are a job's replicas in `stores` from now on. What another store has, or may
    /// have, of a commit that failed is given up when the job ends.
    func closeCommitted(of job: Job, in stores: [StoreName]) throws {
        let transfers = try rows.openTransfers(of: job.id)
        for transfer in transfers where transfer.state == .committing && stores.contains(transfer.store) {
            // An older one of the same store is that of a frozen worker, and no replica's.
            guard transfer.id == transfers.last(where: { $0.store == transfer.store })?.id else { continue }
            try close(transfer, as: .committed)
        }
    }

    /// The replica that became readable, with the place where it lies.
    func stored(_ found: Replica, of image: Image) throws -> Replica {
        guard var replica = image.replicas.first(where: { $0.store == found.store }) else {
            throw CatalogError(.forbidden, "nothing was brought to store \(found.store) for image \(image.id)")
        }
        try advance(&replica, .stored, of: image.id)
        replica.objectKey = found.objectKey
        replica.url = found.url
        return replica
    }

    /// Lets something happen to a replica, and notes when.
    func advance(_ replica: inout Replica, _ step: ReplicaStep, of image: ImageID) throws {
        try advance(&replica.state, step, of: "the replica of image \(image) in \(replica.store)")
        replica.updatedAt = rows.now
    }
}

extension Image {
    /// Replaces the replica of a store, or adds it.
    mutating func setReplica(_ replica: Replica) {
        replicas.removeAll { $0.store == replica.store }
        replicas.append(replica)
        replicas.sort { $0.store < $1.store }
    }
}
