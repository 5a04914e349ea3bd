/// A run of bytes on its way from source to store, in page-aligned memory of a bounded pool.
///
/// Whoever fills it does so before handing it on; from then on the bytes never change, so any number of readers may
/// look at once. The memory goes back to its pool when the last reference is gone.
///
/// Unchecked: `memory` is written only through ``ChunkBuilder``, which owns it alone until `finish()` hands it out.
public final class ImageChunk: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private let pool: ChunkPool
    /// The number of bytes in use, from 0 to the pool's chunk size.
    public let count: Int

    fileprivate init(memory: UnsafeMutableRawBufferPointer, count: Int, pool: ChunkPool) {
        self.memory = memory
        self.count = count
        self.pool = pool
    }

    deinit {
        pool.recycle(memory)
    }

    /// Lends the bytes. The pointer starts on a page boundary and must not outlive `body`.
    public func withBytes<Result, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Result) throws(E) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }

    /// Lends the whole memory, so that a writer that needs aligned lengths may read past the bytes in use.
    ///
    /// What lies behind ``count`` is unspecified but initialised.
    public func withWholeMemory<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }
}

/// A chunk that is being filled by its only owner.
public struct ChunkBuilder: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer
    private let pool: ChunkPool
    private var isHandedOut = false
    /// Bytes written so far.
    public private(set) var count = 0

    init(memory: UnsafeMutableRawBufferPointer, pool: ChunkPool) {
        self.memory = memory
        self.pool = pool
    }

    deinit {
        if !isHandedOut { pool.recycle(memory) }
    }

    /// Bytes that still fit.
    public var room: Int { memory.count - count }

    /// Copies as much of `bytes` as fits and returns how much that was.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let length = min(room, bytes.count)
        guard length > 0 else { return 0 }
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<(count + length)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        count += length
        return length
    }

    /// Hands the bytes out; they never change from here on.
    public consuming func finish() -> ImageChunk {
        isHandedOut = true
        return ImageChunk(memory: memory, count: count, pool: pool)
    }
}
