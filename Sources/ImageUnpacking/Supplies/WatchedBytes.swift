import Glibc

/// A supply of which the end is remembered.
final class WatchedBytes: ByteSupply {
    private let upstream: any ByteSupply
    /// How many bytes went by.
    private(set) var count: Int64 = 0
    /// The number of bytes up to and with the last one that is not zero.
    private(set) var countToLastNonZero: Int64 = 0
    /// The last bytes, up to ``tailLength``.
    private(set) var tail: [UInt8] = []
    /// How many bytes may still be read; nil for any number.
    var allowance: Int64?

    private let tailLength: Int

    init(_ upstream: any ByteSupply, tailLength: Int = 0) {
        self.upstream = upstream
        self.tailLength = tailLength
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        let length = try upstream.read(into: buffer)
        let bytes = buffer[..<length]
        if !Self.isZero(bytes), let last = bytes.lastIndex(where: { $0 != 0 }) {
            countToLastNonZero = count + Int64(last) + 1
        }
        count += Int64(length)
        if tailLength > 0 {
            tail.append(contentsOf: bytes.suffix(tailLength))
            if tail.count > tailLength { tail.removeFirst(tail.count - tailLength) }
        }
        if let left = allowance {
            allowance = left - Int64(length)
            guard left > 0 else {
                throw .limit("the headers of the archive exceed \(UnpackLimits.headerBytes) bytes")
            }
        }
        return length
    }

    /// Most of an empty disk: a block that equals itself one byte on is made of one byte.
    private static func isZero(_ bytes: Slice<UnsafeMutableRawBufferPointer>) -> Bool {
        guard let start = UnsafeMutableRawBufferPointer(rebasing: bytes).baseAddress else { return true }
        return start.load(as: UInt8.self) == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
    }

    /// Reads to the end.
    func drain() throws(Halt) {
        let scratch = ScratchBuffer(64 << 10)
        while try read(into: scratch.bytes) > 0 {}
    }
}
