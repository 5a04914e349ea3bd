import Glibc
package import ImageModel

/// Reads the bytes of a file in chunks, past the page cache where the file goes past it. Every method blocks.
///
/// Not `Sendable`: it belongs to the thread of its file.
package final class KeptBytesReader {
    /// Bytes in every chunk but the last.
    package static let chunkSize = 1 << 20

    private let file: OpenFile
    /// Page-aligned, as direct input needs it.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: ChunkPool.alignment)
    private let pool = ChunkPool(chunkSize: chunkSize, chunkLimit: 8)

    package init(_ file: OpenFile) {
        self.file = file
    }

    deinit {
        buffer.deallocate()
    }

    /// `length` bytes from `offset`; both whole pages where the file goes past the page cache.
    package func chunk(at offset: Int64, length: Int) throws(SystemCallError) -> ImageChunk {
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
        try file.read(into: part, at: offset)
        var builder = makeBuilder()
        _ = builder.append(UnsafeRawBufferPointer(part))
        return builder.finish()
    }

    /// Whoever holds more chunks than the pool has pays with memory; waiting for one to come back might last for ever.
    private func makeBuilder() -> ChunkBuilder {
        if let builder = pool.makeBuilder() { return builder }
        guard let builder = ChunkPool(chunkSize: Self.chunkSize, chunkLimit: 1).makeBuilder() else {
            preconditionFailure("a new pool has a chunk")
        }
        return builder
    }
}
