import Catalog
import ImageModel
import ImageStore

/// Brings the bytes of an image to another place: an import whose source is a store.
///
/// However they come, every byte passes the digests on its way, or after it where the kernel moved it: what was cloned is
/// read again from the staging, as an attempt does that goes on from a checkpoint without the states of its digests. Progress
/// counts both: the bytes that the kernel moved and behind them, as `verifying`, those that were read again.
struct CopyJob {
    let claimed: ClaimedJob
    let environment: JobEnvironment
    let control: JobControl

    /// How much the kernel is asked to copy at a time: a cancel waits for no more than that.
    private static let cloneStep: Int64 = 64 << 20
    /// How much lies between two checkpoints of what was cloned.
    private static let cloneCheckpointInterval: Int64 = 1 << 30

    func run() async throws {
        guard let order = try await environment.catalog.beginCopy(claimed.lease) else { return }
        guard let target = environment.stores[order.store] else { throw unknown(order.store) }
        guard let content = order.source.content else {
            throw Failure(.internal, "image \(order.source.id) is active and has no content", stage: .planning)
        }
        let sources = try await sources(of: order.source, content, for: target)
        // Another attempt reads another replica: what was wrong may have been the place.
        let source = sources[max(0, claimed.job.attempt - 1) % sources.count]
        var environment = environment
        environment.source = source
        let plan = ImportPlan(copying: content, at: source.facts.url, to: target)
        var steps = ImportJob(claimed: claimed, environment: environment, control: control, plan: plan)
        if claimed.transfers.allSatisfy({ $0.state == .staging && $0.checkpoint == nil }) {
            var claimed = claimed
            do {
                claimed.transfers += try await clone(source, to: target, plan)
            } catch {
                throw await steps.leave(after: error)
            }
            steps = ImportJob(claimed: claimed, environment: environment, control: control, plan: plan)
            // All that was cloned is read again, and counted behind it.
            if let cloned = claimed.transfers.last?.checkpoint?.durableBytes {
                steps.phase = .fetching.next(.verifying, after: cloned, size: content.size)
            }
        }
        do {
            try await steps.run()
        } catch let error as InterruptedImport where sources.count > 1 {
            guard var failure = error.cause as? Failure, failure.code == .digestMismatch else { throw error }
            failure.isRetryable = true
            throw failure
        }
    }

    /// Lets the target take over as much as it can below this process, and records that as if an earlier attempt had
    /// staged it; nothing when it can take over nothing.
    private func clone(
        _ source: StoredImageSource, to target: any ImageStore, _ plan: ImportPlan
    ) async throws -> [Transfer] {
        let size = source.content.size
        let end = size - size % Int64(ChunkPool.alignment)
        guard end > 0, await target.canClone(from: source.store) else { return [] }
        let space = ReservedSpace(claimed.lease, of: size, environment: environment)
        var transfer = try await space.beginTransfer(to: target)
        let staging = Staging(
            places: [Destination(store: target, transfer: transfer)], keptBytes: 0, expectedSize: size,
            catalog: environment.catalog,
            destinations: Destinations(plan, job: claimed.job.id, logger: environment.logger))
        let id = transfer.id
        transfer.checkpoint = try await staging.withStagedImages { staged in
            guard let image = staged.first else { return nil }
            return try await clone(source, into: image, of: id, upTo: end)
        }
        return transfer.checkpoint == nil ? [] : [transfer]
    }

    private func clone(
        _ source: StoredImageSource, into staged: any StagedImage, of transfer: TransferID, upTo end: Int64
    ) async throws -> TransferCheckpoint? {
        var meter = ProgressMeter(claimed: claimed, environment: environment, source: source.facts, bytes: 0)
        var checkpoint: TransferCheckpoint?
        var kept: Int64 = 0
        while kept < end {
            try Task.checkCancellation()
            let next = try await staged.clone(
                source.objectKey, of: source.store, upTo: min(kept + Self.cloneStep, end))
            let isLast = next <= kept || next == end
            kept = next
            try await meter.note(kept)
            let noted = checkpoint?.durableBytes ?? 0
            if kept - noted >= Self.cloneCheckpointInterval || isLast, kept > noted {
                let reached = TransferCheckpoint(durableBytes: kept, source: source.facts)
                try await environment.catalog.noteCheckpoint(claimed.lease, of: [transfer], reached)
                checkpoint = reached
            }
            if isLast { break }
        }
        return checkpoint
    }

    /// The replicas that this worker can read, those first that need not pass through it.
    private func sources(
        of image: Image, _ content: ImageContent, for target: any ImageStore
    ) async throws -> [StoredImageSource] {
        var near: [StoredImageSource] = []
        var far: [StoredImageSource] = []
        for replica in image.replicas where replica.state == .available {
            guard let store = environment.stores[replica.store], let key = replica.objectKey else { continue }
            let source = StoredImageSource(image: image.id, content: content, store: store, objectKey: key)
            if await target.canClone(from: store) { near.append(source) } else { far.append(source) }
        }
        guard !near.isEmpty || !far.isEmpty else {
            let stores = image.replicas.map { "\"\($0.store)\"" }.joined(separator: ", ")
            throw Failure(
                .storeUnavailable, "image \(image.id) lies in \(stores), which this worker cannot read",
                stage: .planning, isRetryable: true)
        }
        return near + far
    }

    private func unknown(_ store: StoreName) -> Failure {
        let known = environment.stores.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        return Failure(
            .storeUnknown, "no store is named \"\(store)\"; configured: \(known)", stage: .planning,
            violations: [Violation(path: "/to/store", rule: "names a configured store", value: store.rawValue)])
    }
}
