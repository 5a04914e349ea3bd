public import Catalog
public import ImageModel
public import ImageStore

extension ImageStore {
    /// Removes what is left of a transfer that no job works on any more: what it staged, and what it committed, unless that
    /// is a replica.
    ///
    /// - Parameters:
    ///   - transfer: One that is closed in the catalog, so that no object of it can become a replica after it was asked.
    ///   - catalog: Says what is a replica.
    ///   - isDryRun: Whether only to look.
    /// - Returns: The object that is, or would be, removed; nil when there is none.
    /// - Throws: ``StoreError`` or ``CatalogError``; what was not removed is there when it is tried again.
    @discardableResult
    public func removeLeftBytes(
        of transfer: TransferID, notIn catalog: ImageCatalog, isDryRun: Bool = false
    ) async throws -> StoredObject? {
        // First: a writer that still lives holds the staging, and could commit what is looked for next.
        if !isDryRun { try await discard(transfer) }
        guard let object = try await committedObject(of: transfer) else { return nil }
        let (key, store) = (object.objectKey, name)
        guard try await !catalog.read({ try $0.isReplica(key, in: store) }) else { return nil }
        if !isDryRun { try await delete(objectKey: key) }
        return object
    }
}
