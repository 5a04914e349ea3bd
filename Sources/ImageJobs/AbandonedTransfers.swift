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
            for transfer in abandoned where await isCleared(transfer) { cleared.append(transfer) }
            guard !cleared.isEmpty else { return }
            try await environment.catalog.noteCleared(cleared)
            environment.logger.info("The bytes of ended jobs were removed", metadata: ["transfers": "\(cleared.count)"])
        } catch {
            environment.logger.warning("Abandoned transfers could not be cleared", metadata: ["error": "\(error)"])
        }
    }

    private func isCleared(_ transfer: Transfer) async -> Bool {
        // The bytes of a store that this worker does not know are for one that does.
        guard environment.stores[transfer.store] != nil else { return false }
        do throws(StoreError) {
            try await environment.removeBytes(of: transfer)
            return true
        } catch {
            if !error.isHeldElsewhere {
                environment.logger.warning(
                    "The bytes of an abandoned transfer could not be removed",
                    metadata: ["transfer": "\(transfer.id)", "store": "\(transfer.store)", "error": "\(error)"])
            }
            return false
        }
    }
}

extension JobEnvironment {
    /// Removes what a transfer that made no image staged or committed.
    func removeBytes(of transfer: Transfer) async throws(StoreError) {
        guard let store = stores[transfer.store] else { return }
        // First: a writer that still lives holds the staging, and could commit what is looked for next.
        try await store.discard(transfer.id)
        if let object = try await store.committedObject(of: transfer.id) {
            try await store.delete(objectKey: object.objectKey)
        }
    }
}
