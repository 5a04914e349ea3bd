import Catalog
import ImageModel
import ImageStore
import Logging

/// Transfers that outlived their jobs.
struct AbandonedTransfers {
    let environment: JobEnvironment

    /// How many are looked at in one go.
    private static let limit = 100
    /// After so many failures, none of them for good, and no success in between, a store is away: the rest waits.
    private static let patience = 3

    /// What happened to the removals in one store.
    private struct Trouble {
        var failures = 0
        var inARow = 0
        var first: (transfer: TransferID, error: StoreError)?
    }

    /// Removes their bytes. What cannot be removed now is tried again another time.
    ///
    /// No transfer stands in the way of those behind it: not one that another process holds, not those of a store that is
    /// away, and not those of a store that this worker does not know, which are for a worker that does.
    func clear() async {
        var troubles: [StoreName: Trouble] = [:]
        var count = 0
        do {
            var last: TransferID?
            while !Task.isCancelled {
                let after = last
                let page = try await environment.catalog.read { rows in
                    try rows.abandonedTransfers(after: after, limit: Self.limit)
                }
                guard let end = page.last else { break }
                last = end.id
                let cleared = try await remove(page, &troubles)
                guard !cleared.isEmpty else { continue }
                try await environment.catalog.noteCleared(cleared)
                count += cleared.count
            }
        } catch {
            environment.logger.warning("Abandoned transfers could not be cleared", metadata: ["error": "\(error)"])
        }
        log(troubles, cleared: count)
    }

    /// The transfers of a page of which nothing is left.
    private func remove(_ page: [Transfer], _ troubles: inout [StoreName: Trouble]) async throws -> [Transfer] {
        var cleared: [Transfer] = []
        for transfer in page where !Task.isCancelled {
            guard let store = environment.stores[transfer.store] else { continue }
            var trouble = troubles[transfer.store, default: Trouble()]
            guard trouble.inARow < Self.patience else { continue }
            do {
                try await store.removeLeftBytes(of: transfer.id, notIn: environment.catalog)
                cleared.append(transfer)
                trouble.inARow = 0
            } catch let error as StoreError {
                // Whoever holds it is a worker that lives.
                guard !error.isHeldElsewhere else { continue }
                trouble.failures += 1
                trouble.inARow += error.isTransient ? 1 : 0
                trouble.first = trouble.first ?? (transfer.id, error)
            }
            troubles[transfer.store] = trouble
        }
        return cleared
    }

    private func log(_ troubles: [StoreName: Trouble], cleared: Int) {
        if cleared > 0 {
            environment.logger.info("The bytes of ended jobs were removed", metadata: ["transfers": "\(cleared)"])
        }
        for (store, trouble) in troubles.sorted(by: { $0.key < $1.key }) {
            guard let first = trouble.first else { continue }
            environment.logger.warning(
                "The bytes of abandoned transfers could not be removed",
                metadata: [
                    "store": "\(store)", "failures": "\(trouble.failures)", "transfer": "\(first.transfer)",
                    "error": "\(first.error)",
                ])
        }
    }
}
