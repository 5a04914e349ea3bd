public import ImageModel

/// A place that keeps images: bytes are staged under a transfer's own key and become an object only by a commit.
///
/// A store never chooses what happens next, and never builds a path or key from remote input: every key is made of the
/// id of a transfer, which a worker made.
public protocol ImageStore: Sendable {
    /// The configured name.
    var name: StoreName { get }

    /// How many of the free bytes must stay free; whoever promises space to imports obeys it.
    var reserveBytes: Int64 { get }

    /// Makes the store ready and checks that it belongs to `catalog`: writes the marker into an empty store, and
    /// refuses a store whose marker names another catalog.
    ///
    /// - Throws: ``StoreError`` with `policyDenied` for a stranger's store, `storeUnavailable` otherwise.
    func adopt(for catalog: CatalogID) async throws(StoreError)

    /// Which place this is, as its marker says; nil when nobody has adopted it, and from stores of which there is but one.
    func identity() async throws(StoreError) -> StoreIdentity?

    /// Opens the staging of a transfer for its only writer and lends it to `body`.
    ///
    /// Nothing is readable as an object until ``StagedImage/commit()`` returned. When `body` throws, the staged bytes
    /// stay, so that a successor can go on or ``discard(_:)`` them.
    ///
    /// - Throws: ``StoreError``, `storeUnavailable` when another process is writing this transfer; what `body` throws.
    func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result

    /// Opens the staging of a transfer as ``withStaging(_:expectedSize:_:)`` does, and keeps its first bytes.
    ///
    /// What lies behind the first `durableBytes` is cut off. When less than that is there, or the store cannot go on
    /// with what is there, nothing is kept; ``StagedImage/keptBytes`` tells.
    ///
    /// - Parameter durableBytes: What ``StagedImage/synchronize()`` returned, or less: a multiple of
    ///   ``ImageModel/ChunkPool/alignment``.
    /// - Throws: As ``withStaging(_:expectedSize:_:)`` does; nothing is touched when another process is writing.
    func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result

    /// The object a transfer committed, or nil when it never did. Answers a successor's question after a crash.
    func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject?

    /// Removes what a transfer staged; does nothing when there is nothing. Never touches a committed object.
    ///
    /// - Throws: ``StoreError`` with `storeUnavailable` when another process is still writing it.
    func discard(_ transfer: TransferID) async throws(StoreError)

    /// Opens a committed object and lends it to `body`.
    ///
    /// - Throws: ``StoreError`` with `storeUnavailable` when there is none or it cannot be read; what `body` throws.
    func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result

    /// Whether a staging of this store may take over bytes of an object in `other` without reading them:
    /// ``StagedImage/clone(_:of:upTo:)``.
    func canClone(from other: any ImageStore) async -> Bool

    /// Removes a committed object; does nothing when there is none.
    func delete(objectKey: String) async throws(StoreError)

    /// Bytes that are free now, ``reserveBytes`` among them; nil for a store without bounds.
    func freeBytes() async throws(StoreError) -> Int64?
}

/// The bytes of one transfer while they are written, by one writer, from the first to the last.
///
/// One task calls, one call at a time, and not after the `body` of ``ImageStore/withStaging(_:expectedSize:_:)``
/// returned. Only ``synchronize()`` may also be called by a second task while the first one appends.
public protocol StagedImage: Sendable {
    /// The bytes kept of what an earlier writer staged; the next chunk goes behind them.
    var keptBytes: Int64 { get }

    /// Whether the store keeps checksums of its own and compares them whenever it reads, so that nobody else needs to.
    /// What a plain file system gives back may be other bytes than it was given.
    var guardsKeptBytes: Bool { get }

    /// Bytes that were kept, from `offset`, a multiple of ``ImageModel/ChunkPool/alignment``: as many as fit a chunk;
    /// nil at ``keptBytes``. Comes before the first chunk is appended.
    func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk?

    /// Takes over what follows ``keptBytes`` of an object in `other`, below this process: the blocks are shared, or copied
    /// within the kernel. What came so is not verified by anybody; ``keptChunk(at:)`` reads it. Comes before the first
    /// chunk is appended.
    ///
    /// - Parameter end: How far, a multiple of ``ImageModel/ChunkPool/alignment``. A call for much of an image takes
    ///   its time and cannot be cancelled.
    /// - Returns: ``keptBytes`` afterwards; less than `end` when the rest must be appended.
    func clone(_ objectKey: String, of other: any ImageStore, upTo end: Int64) async throws(StoreError) -> Int64

    /// Appends a chunk. Every chunk but the last must be full, so that writes stay aligned.
    ///
    /// May return when the chunk is only queued, so that the caller prepares the next one meanwhile; a store keeps a
    /// small, fixed number of chunks queued and makes the caller wait when they are that many. What goes wrong with a
    /// queued chunk is thrown by the next call of ``append(_:)``, ``synchronize()`` or ``commit()``, and by every one
    /// after it: a transfer whose bytes did not all arrive cannot be committed.
    func append(_ chunk: ImageChunk) async throws(StoreError)

    /// Makes all bytes appended so far durable and returns their number, kept ones included.
    func synchronize() async throws(StoreError) -> Int64

    /// Makes the bytes durable and visible as an object, at once and whole; nothing can be appended afterwards.
    func commit() async throws(StoreError) -> StoredObject
}

extension ImageStore {
    /// There is but one, unless the store knows better.
    public func identity() async throws(StoreError) -> StoreIdentity? { nil }

    /// None, unless the store knows better.
    public var reserveBytes: Int64 { 0 }

    /// Nothing can be read, unless the store knows better.
    public func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        throw StoreError(.storeUnavailable, "store \(name) cannot be read from", isTransient: false)
    }

    /// Nothing, unless the store knows better.
    public func canClone(from other: any ImageStore) async -> Bool { false }

    /// Keeps nothing: for stores that cannot go on with what an earlier writer staged.
    public func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await withStaging(transfer, expectedSize: expectedSize, body)
    }
}

extension StagedImage {
    /// Nothing, unless the store knows better.
    public var keptBytes: Int64 { 0 }

    /// No, unless the store knows better.
    public var guardsKeptBytes: Bool { false }

    /// Nothing, unless the store knows better.
    public func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? { nil }

    /// Nothing, unless the store knows better.
    public func clone(
        _ objectKey: String, of other: any ImageStore, upTo end: Int64
    ) async throws(StoreError) -> Int64 { keptBytes }
}

/// A committed object that is open for reading. One task reads, one call at a time, and not after the `body` of
/// ``ImageStore/withObject(_:_:)`` returned.
public protocol ReadableObject: Sendable {
    /// Its length in bytes.
    var size: Int64 { get }

    /// Bytes from `offset`, a multiple of ``ImageModel/ChunkPool/alignment``: as many as fit a chunk, full but at the
    /// end; nil at ``size``.
    func chunk(at offset: Int64) async throws(StoreError) -> ImageChunk?
}

/// A committed object.
public struct StoredObject: Sendable, Hashable, Codable {
    /// The store's own key.
    public var objectKey: String
    /// Where it lies, for people and programs on the same side as the store.
    public var url: String
    /// Its length in bytes.
    public var size: Int64

    /// An object from its parts.
    public init(objectKey: String, url: String, size: Int64) {
        self.objectKey = objectKey
        self.url = url
        self.size = size
    }
}
