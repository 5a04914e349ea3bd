import Catalog
import ImageModel
import ImageSource
import ImageStore
import Logging

/// What earlier attempts left, and what this one leaves.
extension ImportJob {
    /// A worker that died between committing and recording left whole, verified objects: record them.
    func finishEarlierCommit(_ plan: ImportPlan) async throws -> Bool {
        let committing = claimed.transfers.filter { $0.state == .committing }
        guard committing.count == plan.stores.count || plan.isOneStoreEnough, let result = committing.first?.result
        else { return false }
        let destinations = Destinations(plan, job: claimed.job.id, logger: environment.logger)
        var replicas: [Replica] = []
        for transfer in committing {
            let found = try await destinations.attempt(in: transfer.store) {
                try await environment.stores[transfer.store]?.committedObject(of: transfer.id)
            }
            if let object = found ?? nil, object.size == result.content.size {
                replicas.append(Replica(of: object, in: transfer.store))
            } else if !plan.isOneStoreEnough {
                return false
            }
        }
        guard !replicas.isEmpty else { return false }
        for transfer in committing where replicas.contains(where: { $0.store == transfer.store }) {
            await removeStagingName(of: transfer)
        }
        try await complete(result, replicas)
        return true
    }

    /// A worker that died between the two names of a commit left the staging file's: it would keep the bytes of the
    /// image on the disk after the image was deleted.
    private func removeStagingName(of transfer: Transfer) async {
        do throws(StoreError) {
            try await environment.stores[transfer.store]?.discard(transfer.id)
        } catch {
            // A writer that still lives removes the name itself.
            guard !error.isHeldElsewhere else { return }
            warnOfLeftBytes(of: transfer, error)
        }
    }

    /// What an earlier attempt left to go on with: the same checkpoint for each store of the plan, and nothing
    /// committed anywhere. Where one store is enough, the furthest checkpoint counts, and the stores that have it.
    func resumption(of plan: ImportPlan) async throws -> Resumption? {
        let places = plan.stores.compactMap { store in
            claimed.transfers.last { $0.store == store.name }.map { Destination(store: store, transfer: $0) }
        }
        let checkpoints = places.compactMap(\.transfer.checkpoint)
        guard let checkpoint = checkpoints.max(by: { $0.durableBytes < $1.durableBytes }),
            checkpoint.version == TransferCheckpoint.currentVersion, checkpoint.durableBytes > 0,
            plan.canResume(checkpoint.source)
        else { return nil }
        var kept = places.filter { $0.transfer.checkpoint == checkpoint }
        guard kept.count == plan.stores.count || plan.isOneStoreEnough else { return nil }
        let destinations = Destinations(plan, job: claimed.job.id, logger: environment.logger)
        for place in kept {
            let found = try await destinations.attempt(in: place.store.name) {
                try await place.store.committedObject(of: place.transfer.id)
            }
            if let object = found, object != nil { return nil }
        }
        kept.removeAll { destinations.isLost($0.store.name) }
        return kept.isEmpty ? nil : Resumption(places: kept, checkpoint: checkpoint)
    }

    /// Removes what earlier attempts staged or committed without recording it, except what a live process still holds,
    /// and what lies in a store that the import may go on without: that is removed once the job has ended.
    func discardLeftovers(_ plan: ImportPlan) async throws {
        for transfer in try await openTransfers() {
            do {
                try await removeForGood(transfer)
            } catch let error as StoreError where error.isHeldElsewhere || plan.isOneStoreEnough {
                if !error.isHeldElsewhere { warnOfLeftBytes(of: transfer, error) }
            }
        }
    }

    /// Decides what becomes of the staged bytes of an attempt that made no image, and says how it ended.
    ///
    /// They stay when another attempt can go on with them. They go when the job ends, and when they are of no use.
    func leave(after error: any Error) async -> InterruptedImport {
        let transfers = (try? await openTransfers()) ?? []
        let hasProgressed = transfers.contains { $0.checkpoint?.fence == claimed.lease.fence }
        let interruption = InterruptedImport(cause: error, hasProgressed: hasProgressed)
        let outcome = JobOutcome(interruption, stop: control.reason, job: claimed.job)
        guard outcome != .fenced else { return interruption }
        let mayGoOn = canGoOn(after: outcome, error)
        for transfer in transfers where !mayGoOn || transfer.checkpoint == nil { await discard(transfer) }
        return interruption
    }

    private func canGoOn(after outcome: JobOutcome, _ error: any Error) -> Bool {
        switch outcome {
        case .interrupted: true
        case .retry where claimed.job.failedAttempts + 1 >= claimed.job.maxAttempts: false
        case .retry:
            switch error {
            case let error as SourceError: error.code != .sourceChanged
            // Without space to go on, the bytes are in the way of others.
            case let error as CatalogError: error.code != .noSpace
            default: false
            }
        case .failed, .cancelled, .overdue, .recorded, .fenced: false
        }
    }

    /// Removes the bytes of a transfer. What cannot be removed now stays recorded.
    private func discard(_ transfer: Transfer) async {
        do {
            try await removeForGood(transfer)
        } catch {
            warnOfLeftBytes(of: transfer, error)
        }
    }

    private func warnOfLeftBytes(of transfer: Transfer, _ error: any Error) {
        environment.logger.warning(
            "The bytes of a transfer could not be removed",
            metadata: [
                "job-id": "\(claimed.job.id)", "transfer": "\(transfer.id)", "store": "\(transfer.store)",
                "error": "\(error)",
            ])
    }

    private func openTransfers() async throws -> [Transfer] {
        let job = claimed.job.id
        return try await environment.catalog.read { rows in try rows.openTransfers(of: job) }
    }

    /// Gives a transfer up under the fence, and only then removes its bytes: they cannot be fenced.
    private func removeForGood(_ transfer: Transfer) async throws {
        let abandoned = try await environment.catalog.abandon(claimed.lease, transfer.id)
        try await environment.stores[transfer.store]?.removeLeftBytes(of: transfer.id, notIn: environment.catalog)
        try await environment.catalog.noteCleared([abandoned])
    }
}

/// The end of an attempt that made no image.
struct InterruptedImport: Error {
    /// What ended it.
    let cause: any Error
    /// Whether it left more durable bytes than it found, so that the next attempt has less to do.
    let hasProgressed: Bool
}
