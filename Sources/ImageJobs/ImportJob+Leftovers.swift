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
        guard committing.count == plan.stores.count, let result = committing.first?.result else { return false }
        var objects: [StoredObject] = []
        for transfer in committing {
            guard let object = try await environment.stores[transfer.store]?.committedObject(of: transfer.id),
                object.size == result.content.size
            else { return false }
            objects.append(object)
        }
        for transfer in committing { await removeStagingName(of: transfer) }
        try await complete(result, committing, objects)
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
    /// committed anywhere.
    func resumption(of plan: ImportPlan) async throws -> Resumption? {
        let transfers = plan.stores.compactMap { store in claimed.transfers.last { $0.store == store.name } }
        guard transfers.count == plan.stores.count, let checkpoint = transfers.first?.checkpoint,
            checkpoint.version == TransferCheckpoint.currentVersion, checkpoint.durableBytes > 0,
            transfers.allSatisfy({ $0.checkpoint == checkpoint }), plan.canResume(checkpoint.source)
        else { return nil }
        for (store, transfer) in zip(plan.stores, transfers) {
            if try await store.committedObject(of: transfer.id) != nil { return nil }
        }
        return Resumption(transfers: transfers, checkpoint: checkpoint)
    }

    /// Removes what earlier attempts staged or committed without recording it, except what a live process still holds.
    func discardLeftovers() async throws {
        for transfer in try await openTransfers() {
            do {
                try await removeForGood(transfer)
            } catch let error as StoreError where error.isHeldElsewhere {
                continue
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
        case .failed, .cancelled, .recorded, .fenced: false
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
        try await environment.removeBytes(of: abandoned)
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
