import Catalog
import ImageModel
import ImageStore
import Logging
import Synchronization

/// The stores that an import brings its bytes to, and which of them it goes on without.
///
/// Where all are required, every error of a store ends the attempt. Where one is enough, a store that fails is *lost* to the
/// attempt, and only the error of the last one ends it. The catalog has the lost ones repaired.
final class Destinations: Sendable {
    private let count: Int
    private let isOneEnough: Bool
    private let job: JobID
    private let logger: Logger
    private let losses = Mutex<[StoreName: StoreError]>([:])

    /// - Parameter places: How many of the plan's stores the attempt brings bytes to; nil when it begins in all of them.
    init(_ plan: ImportPlan, in places: Int? = nil, job: JobID, logger: Logger) {
        count = places ?? plan.stores.count
        isOneEnough = plan.isOneStoreEnough
        self.job = job
        self.logger = logger
    }

    /// Whether the attempt goes on without a store.
    func isLost(_ store: StoreName) -> Bool { losses.withLock { $0[store] != nil } }

    /// Goes on without a store.
    ///
    /// - Throws: `error`, when the attempt cannot go on without the store; worth a retry when that of any store was.
    func lose(_ store: StoreName, because error: StoreError) throws(StoreError) {
        guard isOneEnough, count > 1 else { throw error }
        let (isNew, isLast, mayMend) = losses.withLock { losses in
            let isNew = losses.updateValue(error, forKey: store) == nil
            return (isNew, losses.count == count, losses.values.contains { $0.isTransient })
        }
        guard !isLast else {
            throw StoreError(
                error.code, error.message, isTransient: mayMend, isHeldElsewhere: error.isHeldElsewhere)
        }
        guard isNew else { return }
        logger.warning(
            "An import goes on without a store",
            metadata: ["job-id": "\(job)", "store": "\(store)", "error": "\(error)"])
    }

    /// What `body` returns; nil when the attempt goes on without the store because of it.
    func attempt<Value: Sendable>(
        in store: StoreName, _ body: () async throws -> Value
    ) async throws -> Value? {
        do {
            return try await body()
        } catch let error as StoreError {
            try lose(store, because: error)
            return nil
        } catch let error as CatalogError where error.code == .noSpace {
            guard isOneEnough, count > 1 else { throw error }
            try lose(store, because: StoreError(.capacityExceeded, error.message, isTransient: true))
            return nil
        }
    }
}

/// A store of an attempt, and the transfer to it.
struct Destination {
    let store: any ImageStore
    let transfer: Transfer
}

/// The staging of one of several stores: once the store is lost, nothing reaches it any more.
struct DestinedImage: StagedImage {
    let base: any StagedImage
    let transfer: Transfer
    let destinations: Destinations

    var store: StoreName { transfer.store }
    var isLost: Bool { destinations.isLost(store) }
    var keptBytes: Int64 { base.keptBytes }
    var guardsKeptBytes: Bool { base.guardsKeptBytes }

    func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? { try await base.keptChunk(at: offset) }

    func clone(_ objectKey: String, of other: any ImageStore, upTo end: Int64) async throws(StoreError) -> Int64 {
        try await base.clone(objectKey, of: other, upTo: end)
    }

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        guard !isLost else { return }
        do throws(StoreError) {
            try await base.append(chunk)
        } catch {
            try destinations.lose(store, because: error)
        }
    }

    /// Of a lost store nothing is durable, and nobody waits for it.
    func synchronize() async throws(StoreError) -> Int64 {
        guard !isLost else { return .max }
        do throws(StoreError) {
            return try await base.synchronize()
        } catch {
            try destinations.lose(store, because: error)
            return .max
        }
    }

    func commit() async throws(StoreError) -> StoredObject { try await base.commit() }
}
