public import ImageModel
import Synchronization

/// A store that was away when the worker started: nothing reaches it before it was adopted, which everything that is
/// asked of it tries first.
///
/// Whether it is this catalog's, and the place that other workers know, is so checked before its first byte as ever. It
/// takes no part in clones.
public struct LateStore: SweptStore {
    private let base: any SweptStore
    private let adoption: Adoption

    private final class Adoption: Sendable {
        let adopt: @Sendable () async throws(StoreError) -> Void
        let isDone = Atomic(false)

        init(_ adopt: @escaping @Sendable () async throws(StoreError) -> Void) {
            self.adopt = adopt
        }
    }

    /// A store in front of `base`.
    ///
    /// - Parameter adopt: Makes the store this catalog's, or throws what is in the way; may be called again, and by
    ///   several at once.
    public init(_ base: any SweptStore, adopt: @escaping @Sendable () async throws(StoreError) -> Void) {
        self.base = base
        adoption = Adoption(adopt)
    }

    private func adopted() async throws(StoreError) -> any SweptStore {
        if !adoption.isDone.load(ordering: .acquiring) {
            try await adoption.adopt()
            adoption.isDone.store(true, ordering: .releasing)
        }
        return base
    }

    /// The name of the store behind it.
    public var name: StoreName { base.name }

    /// As of the store behind it.
    public var reserveBytes: Int64 { base.reserveBytes }

    /// Adopts the store behind it.
    public func adopt(for catalog: CatalogID) async throws(StoreError) { try await adopted().adopt(for: catalog) }

    /// Which place it is.
    public func identity() async throws(StoreError) -> StoreIdentity? { try await adopted().identity() }

    /// Whether it is this catalog's.
    public func isAdopted(by catalog: CatalogID) async throws(StoreError) -> Bool {
        try await adopted().isAdopted(by: catalog)
    }

    /// As the store behind it, once that is adopted.
    public func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await adopted().withStaging(transfer, expectedSize: expectedSize, body)
    }

    /// As the store behind it, once that is adopted.
    public func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await adopted().withStaging(transfer, keeping: durableBytes, expectedSize: expectedSize, body)
    }

    /// As the store behind it, once that is adopted.
    public func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        try await adopted().committedObject(of: transfer)
    }

    /// As the store behind it, once that is adopted.
    public func discard(_ transfer: TransferID) async throws(StoreError) { try await adopted().discard(transfer) }

    /// As the store behind it, once that is adopted.
    public func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        try await adopted().withObject(objectKey, body)
    }

    /// As the store behind it, once that is adopted.
    public func delete(objectKey: String) async throws(StoreError) { try await adopted().delete(objectKey: objectKey) }

    /// As the store behind it, once that is adopted.
    public func freeBytes() async throws(StoreError) -> Int64? { try await adopted().freeBytes() }

    /// As the store behind it, once that is adopted.
    public func shelves() async throws(StoreError) -> [StoreShelf] { try await adopted().shelves() }

    /// As the store behind it, once that is adopted.
    public func items(on shelf: StoreShelf) async throws(StoreError) -> [StoredItem] {
        try await adopted().items(on: shelf)
    }
}
