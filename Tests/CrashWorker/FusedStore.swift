import ImageModel
import ImageStore

/// A store with a fuse around what it does.
struct FusedStore: SweptStore {
    let base: any SweptStore
    let fuse: Fuse

    var name: StoreName { base.name }
    var reserveBytes: Int64 { base.reserveBytes }

    func adopt(for catalog: CatalogID) async throws(StoreError) {
        try await base.adopt(for: catalog)
    }

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await base.withStaging(transfer, expectedSize: expectedSize) { staged in
            fuse.reach(.port(.staged))
            return try await body(FusedStaging(base: staged, fuse: fuse))
        }
    }

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await base.withStaging(transfer, keeping: durableBytes, expectedSize: expectedSize) { staged in
            fuse.reach(.port(.staged))
            return try await body(FusedStaging(base: staged, fuse: fuse))
        }
    }

    func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        try await base.committedObject(of: transfer)
    }

    func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        try await base.withObject(objectKey, body)
    }

    func canClone(from other: any ImageStore) async -> Bool {
        await base.canClone(from: (other as? FusedStore)?.base ?? other)
    }

    func discard(_ transfer: TransferID) async throws(StoreError) {
        fuse.reach(.port(.discarding))
        try await base.discard(transfer)
        fuse.reach(.port(.discarded))
    }

    func delete(objectKey: String) async throws(StoreError) {
        fuse.reach(.port(.deleting))
        try await base.delete(objectKey: objectKey)
        fuse.reach(.port(.deleted))
    }

    func freeBytes() async throws(StoreError) -> Int64? {
        try await base.freeBytes()
    }

    func isAdopted(by catalog: CatalogID) async throws(StoreError) -> Bool {
        try await base.isAdopted(by: catalog)
    }

    func shelves() async throws(StoreError) -> [StoreShelf] {
        try await base.shelves()
    }

    func items(on shelf: StoreShelf) async throws(StoreError) -> [StoredItem] {
        try await base.items(on: shelf)
    }
}

/// A staging with a fuse around what it does.
private struct FusedStaging: StagedImage {
    let base: any StagedImage
    let fuse: Fuse

    var keptBytes: Int64 { base.keptBytes }
    var guardsKeptBytes: Bool { base.guardsKeptBytes }

    func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        try await base.keptChunk(at: offset)
    }

    func clone(_ objectKey: String, of other: any ImageStore, upTo end: Int64) async throws(StoreError) -> Int64 {
        let kept = try await base.clone(objectKey, of: (other as? FusedStore)?.base ?? other, upTo: end)
        fuse.reach(.port(.appended))
        return kept
    }

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        try await base.append(chunk)
        fuse.reach(.port(.appended))
    }

    func synchronize() async throws(StoreError) -> Int64 {
        let bytes = try await base.synchronize()
        fuse.reach(.port(.synchronized))
        return bytes
    }

    func commit() async throws(StoreError) -> StoredObject {
        let object = try await base.commit()
        fuse.reach(.port(.stored))
        return object
    }
}
