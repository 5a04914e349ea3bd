import Catalog
import ImageModel
import ImageStore
import Logging

/// Transfers that outlived their jobs.
struct AbandonedTransfers {
    let environment: JobEnvironment

    /// How many are looked at in one go.
    private static let limit = 100

    /// Removes their bytes. What cannot be removed now is tried again another time.
    func clear() async {
        do {
            let abandoned = try await environment.catalog.read { rows in
                try rows.abandonedTransfers(limit: Self.limit)
            }
            var cleared: [Transfer] = []
            for transfer in abandoned where try await isCleared(transfer) { cleared.append(transfer) }
            guard !cleared.isEmpty else { return }
            try await environment.catalog.noteCleared(cleared)
            environment.logger.info("The bytes of ended jobs were removed", metadata: ["transfers": "\(cleared.count)"])
        } catch {
            environment.logger.warning("Abandoned transfers could not be cleared", metadata: ["error": "\(error)"])
        }
    }

    private func isCleared(_ transfer: Transfer) async throws -> Bool {
        // The bytes of a store that this worker does not know are for one that does.
        guard let store = environment.stores[transfer.store] else { return false }
        do {
            try await store.removeLeftBytes(of: transfer.id, notIn: environment.catalog)
            return true
        } catch let error as StoreError {
            if !error.isHeldElsewhere {
                environment.logger.warning(
                    "The bytes of an abandoned transfer could not be removed",
                    metadata: ["transfer": "\(transfer.id)", "store": "\(transfer.store)", "error": "\(error)"])
            }
            return false
        }
    }
}
