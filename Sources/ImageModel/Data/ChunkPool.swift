import Synchronization

/// A bounded number of page-aligned buffers, so that memory does not grow with the image.
///
/// A transfer takes builders until none is left, waits, and is told through `onRecycle` when one came back: that is
/// the whole of back-pressure.
public final class ChunkPool: Sendable {
    /// Bytes in every chunk; a multiple of ``alignment``.
    public let chunkSize: Int
    /// The most chunks that exist at once.
    public let chunkLimit: Int
    /// What every chunk's memory is aligned to: a page, as `O_DIRECT` needs it.
    public static let alignment = 4_096

    private let state: Mutex<State>

    private struct State {
        var idle: [Buffer] = []
        var made = 0
        var onRecycle: (@Sendable () -> Void)?
    }

    // Unchecked: a buffer is either in the idle list, guarded by the pool's lock, or owned by exactly one builder or chunk.
    private struct Buffer: @unchecked Sendable {
        let memory: UnsafeMutableRawBufferPointer
    }

    /// A pool that makes its chunks when they are first needed.
    ///
    /// - Precondition: `chunkSize` is a positive multiple of ``alignment``, `chunkLimit` is positive.
    public init(chunkSize: Int = 1 << 20, chunkLimit: Int = 8) {
        precondition(
            chunkSize > 0 && chunkSize % Self.alignment == 0, "chunk size \(chunkSize) is not a multiple of 4096")
        precondition(chunkLimit > 0, "a pool of no chunks can move nothing")
        self.chunkSize = chunkSize
        self.chunkLimit = chunkLimit
        state = Mutex(State())
    }

    deinit {
        state.withLock { state in
            for buffer in state.idle { buffer.memory.deallocate() }
        }
    }

    /// Calls `body` whenever a chunk came back, on the thread that let go of it; it must not block.
    public func onRecycle(_ body: (@Sendable () -> Void)?) {
        state.withLock { $0.onRecycle = body }
    }

    /// An empty chunk to fill, or nil when all are out.
    public func makeBuilder() -> ChunkBuilder? {
        let buffer: Buffer? = state.withLock { state in
            if let idle = state.idle.popLast() { return idle }
            guard state.made < chunkLimit else { return nil }
            state.made += 1
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: Self.alignment)
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            return Buffer(memory: memory)
        }
        guard let buffer else { return nil }
        return ChunkBuilder(memory: buffer.memory, pool: self)
    }

    func recycle(_ memory: UnsafeMutableRawBufferPointer) {
        let buffer = Buffer(memory: memory)
        let onRecycle = state.withLock { state in
            state.idle.append(buffer)
            return state.onRecycle
        }
        onRecycle?()
    }
}
