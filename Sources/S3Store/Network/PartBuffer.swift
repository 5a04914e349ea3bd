import Glibc

/// Memory for the bytes of one part, or of a whole small request.
///
/// Allocated at once and touched as it is filled: the pages of a part that stays small are never used.
// Unchecked: `memory` is written only by `append`, which the one task that fills the buffer calls; it writes behind `count`,
// and whoever was given the first bytes, under the lock that handed them over, reads only before it. `reset` is called when
// nobody reads any more.
final class PartBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    private(set) var count = 0

    /// An empty buffer.
    init(capacity: Int) {
        memory = .allocate(byteCount: max(1, capacity), alignment: 4_096)
    }

    /// A full buffer of these bytes.
    convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        _ = bytes.withUnsafeBytes { append($0) }
    }

    deinit {
        memory.deallocate()
    }

    /// Copies as much of `bytes` as fits within `limit` and returns how much that was.
    func append(_ bytes: UnsafeRawBufferPointer, limit: Int = .max) -> Int {
        let length = min(min(limit, memory.count) - count, bytes.count)
        guard length > 0 else { return 0 }
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<(count + length)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        count += length
        return length
    }

    /// Empties the buffer, which nobody else may hold, for other bytes.
    func reset() { count = 0 }

    /// The first bytes; valid as long as the buffer lives.
    func prefix(_ length: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[..<length])
    }
}

/// The body of a request: the first bytes of a buffer.
struct CallBody: Sendable {
    let buffer: PartBuffer
    let count: Int

    /// The first `count` bytes of `buffer`.
    init(_ buffer: PartBuffer, count: Int) {
        self.buffer = buffer
        self.count = count
    }

    /// These bytes.
    init(_ bytes: [UInt8]) {
        self.init(PartBuffer(bytes), count: bytes.count)
    }

    /// The bytes; valid as long as the buffer lives.
    var bytes: UnsafeRawBufferPointer { buffer.prefix(count) }
}
