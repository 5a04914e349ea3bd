package import ImageModel
package import ImageStore

/// A store that does what another one does. Whoever conforms says only what it does otherwise.
package protocol ForwardingStore: ImageStore {
    /// The other one.
    var base: any ImageStore { get }

    /// What is lent of a staging of the other one.
    func staging(over staged: any StagedImage) -> any StagedImage
}

extension ForwardingStore {
    package var name: StoreName { base.name }
    package var reserveBytes: Int64 { base.reserveBytes }

    package func staging(over staged: any StagedImage) -> any StagedImage { staged }

    package func adopt(for catalog: CatalogID) async throws(StoreError) { try await base.adopt(for: catalog) }
    package func identity() async throws(StoreError) -> StoreIdentity? { try await base.identity() }
    package func freeBytes() async throws(StoreError) -> Int64? { try await base.freeBytes() }
    package func discard(_ transfer: TransferID) async throws(StoreError) { try await base.discard(transfer) }
    package func delete(objectKey: String) async throws(StoreError) { try await base.delete(objectKey: objectKey) }
    package func canClone(from other: any ImageStore) async -> Bool { await base.canClone(from: other) }

    package func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        try await base.committedObject(of: transfer)
    }

    package func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        try await base.withObject(objectKey, body)
    }

    package func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await withStaging(transfer, keeping: 0, expectedSize: expectedSize, body)
    }

    package func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await base.withStaging(transfer, keeping: durableBytes, expectedSize: expectedSize) { staged in
            try await body(staging(over: staged))
        }
    }
}

/// A staging that does what another one does. Whoever conforms says only what it does otherwise.
package protocol ForwardingStaging: StagedImage {
    /// The other one.
    var base: any StagedImage { get }
}

extension ForwardingStaging {
    package var keptBytes: Int64 { base.keptBytes }
    package var guardsKeptBytes: Bool { base.guardsKeptBytes }

    package func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        try await base.keptChunk(at: offset)
    }

    package func clone(
        _ objectKey: String, of other: any ImageStore, upTo end: Int64
    ) async throws(StoreError) -> Int64 {
        try await base.clone(objectKey, of: other, upTo: end)
    }

    package func append(_ chunk: ImageChunk) async throws(StoreError) { try await base.append(chunk) }
    package func synchronize() async throws(StoreError) -> Int64 { try await base.synchronize() }
    package func commit() async throws(StoreError) -> StoredObject { try await base.commit() }
}
