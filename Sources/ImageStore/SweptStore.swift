public import ImageModel

/// A store that can tell what lies in it, so that a sweep finds what nobody needs.
public protocol SweptStore: ImageStore {
    /// Whether the store is this catalog's; false when it is nobody's, so that ``ImageStore/adopt(for:)`` would make it
    /// this catalog's. Changes nothing.
    ///
    /// - Throws: As ``ImageStore/adopt(for:)``.
    func isAdopted(by catalog: CatalogID) async throws(StoreError) -> Bool

    /// The parts in which the store is listed, each small enough to be held in memory.
    func shelves() async throws(StoreError) -> [StoreShelf]

    /// What lies on a shelf. What this store did not make is left out.
    func items(on shelf: StoreShelf) async throws(StoreError) -> [StoredItem]
}

extension SweptStore {
    /// Checks that the store is this catalog's, and changes nothing.
    ///
    /// - Throws: ``StoreError`` with `policyDenied` when there is no marker or another's: nothing below may be removed.
    ///   The place of a volume that is not mounted has none.
    public func requireOwned(by catalog: CatalogID) async throws(StoreError) {
        guard try await isAdopted(by: catalog) else {
            throw StoreError(
                .policyDenied, "store \(name): there is no marker, so nothing is removed there", isTransient: false)
        }
    }
}

/// A part of a store.
public struct StoreShelf: Sendable, Hashable {
    /// Whether committed objects lie there; otherwise bytes on their way.
    public let holdsObjects: Bool
    /// Its name within the store.
    public let name: String

    /// A shelf from its parts.
    public init(holdsObjects: Bool, name: String) {
        self.holdsObjects = holdsObjects
        self.name = name
    }
}

/// Bytes of one transfer, as they lie in a store.
public struct StoredItem: Sendable, Hashable {
    /// The transfer that brought them.
    public let transfer: TransferID
    /// The key of the object they are; nil while they are staged.
    public let objectKey: String?
    /// Their number.
    public let size: Int64
    /// When they were last written.
    public let modifiedAt: Timestamp

    /// An item from its parts.
    public init(transfer: TransferID, objectKey: String?, size: Int64, modifiedAt: Timestamp) {
        self.transfer = transfer
        self.objectKey = objectKey
        self.size = size
        self.modifiedAt = modifiedAt
    }
}
