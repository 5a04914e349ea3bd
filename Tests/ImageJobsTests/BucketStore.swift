import ImageModel
import ImageStore
import Synchronization
import TestSupport

/// A store in memory that keeps nobody from writing, as S3 does: what was sent arrives, whoever has cleaned up meanwhile.
final class BucketStore: ImageStore {
    private struct Bytes {
        var staged: [TransferID: [UInt8]] = [:]
        var objects: [TransferID: [UInt8]] = [:]
        var calls = 0
        var failure: StoreError?
    }

    let name: StoreName
    private let bytes = Mutex(Bytes())
    private let beforeCommit: @Sendable (TransferID) async -> Void

    /// - Parameter beforeCommit: Is waited for before each commit.
    init(_ name: String, beforeCommit: @escaping @Sendable (TransferID) async -> Void = { _ in }) {
        self.name = CatalogSamples.id(name)
        self.beforeCommit = beforeCommit
    }

    var staged: Set<TransferID> { bytes.withLock { Set($0.staged.keys) } }
    var objects: Set<TransferID> { bytes.withLock { Set($0.objects.keys) } }
    /// How often something was to be discarded.
    var discards: Int { bytes.withLock { $0.calls } }

    /// Puts an object there that nobody committed here.
    func put(_ transfer: TransferID) { bytes.withLock { $0.objects[transfer] = [1] } }

    /// Lets every removal fail; nil ends that.
    func fail(with error: StoreError?) { bytes.withLock { $0.failure = error } }

    func adopt(for catalog: CatalogID) async throws(StoreError) {}

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        bytes.withLock { $0.staged[transfer] = [] }
        return try await body(Staged(store: self, transfer: transfer))
    }

    func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        bytes.withLock { $0.objects[transfer] }.map { object($0, of: transfer) }
    }

    func discard(_ transfer: TransferID) async throws(StoreError) {
        let failure = bytes.withLock { bytes in
            bytes.calls += 1
            if bytes.failure == nil { bytes.staged[transfer] = nil }
            return bytes.failure
        }
        if let failure { throw failure }
    }

    func delete(objectKey: String) async throws(StoreError) {
        bytes.withLock { bytes in bytes.objects = bytes.objects.filter { "\($0.key)" != objectKey } }
    }

    func freeBytes() async throws(StoreError) -> Int64? { nil }

    private func object(_ bytes: [UInt8], of transfer: TransferID) -> StoredObject {
        StoredObject(objectKey: "\(transfer)", url: "bucket://\(name)/\(transfer)", size: Int64(bytes.count))
    }

    private struct Staged: StagedImage {
        let store: BucketStore
        let transfer: TransferID

        func append(_ chunk: ImageChunk) async throws(StoreError) {
            store.bytes.withLock { bytes in
                chunk.withBytes { bytes.staged[transfer, default: []].append(contentsOf: $0) }
            }
        }

        func synchronize() async throws(StoreError) -> Int64 {
            store.bytes.withLock { Int64($0.staged[transfer]?.count ?? 0) }
        }

        func commit() async throws(StoreError) -> StoredObject {
            let body = store.bytes.withLock { $0.staged[transfer] ?? [] }
            await store.beforeCommit(transfer)
            store.bytes.withLock { bytes in
                bytes.staged[transfer] = nil
                bytes.objects[transfer] = body
            }
            return store.object(body, of: transfer)
        }
    }
}
