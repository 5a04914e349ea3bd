import ImageModel
import ImageStore
import Synchronization

/// Reads the bytes of an object by ranges, ahead of a reader who goes straight on. One task reads, one call at a time.
final class RangeReader: ReadableObject {
    private struct Window {
        var offset: Int64 = 0
        var bytes: [UInt8] = []
        var length = RangeReader.chunkSize

        var end: Int64 { offset + Int64(bytes.count) }
    }

    private let store: S3Store
    private let path: String
    private let etag: String
    /// How many bytes there are to read.
    let size: Int64
    private let window = Mutex(Window())

    private static let chunkSize = 1 << 20
    /// The longest range that is asked for at once.
    private static let longest = 8 << 20

    init(of store: S3Store, _ path: String, etag: String, size: Int64) {
        self.store = store
        self.path = path
        self.etag = etag
        self.size = size
    }

    /// As many bytes from `offset` as fit a chunk; nil at the end.
    func chunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        let count = Int(min(Int64(Self.chunkSize), size - offset))
        guard offset >= 0, count > 0 else { return nil }
        if let chunk = chunk(at: offset, count) { return chunk }
        // Twice as much as last time when the reader went straight on; only a chunk when it jumped.
        let length = window.withLock {
            $0.end == offset && offset > 0 ? min($0.length * 2, Self.longest) : Self.chunkSize
        }
        let bytes = try await store.asking("read \(path)") { () async throws(S3Failure) in
            try await store.client.get(
                store.place.key(path), from: offset, count: Int(min(Int64(length), size - offset)), etag: etag)
        }
        window.withLock { $0 = Window(offset: offset, bytes: bytes, length: length) }
        return chunk(at: offset, count)
    }

    private func chunk(at offset: Int64, _ count: Int) -> ImageChunk? {
        window.withLock { window in
            guard offset >= window.offset, offset + Int64(count) <= window.end else { return nil }
            let start = Int(offset - window.offset)
            let pool = ChunkPool(chunkSize: Self.chunkSize, chunkLimit: 1)
            guard var builder = pool.makeBuilder() else { return nil }
            window.bytes.withUnsafeBytes {
                _ = builder.append(UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
            }
            return builder.finish()
        }
    }
}
