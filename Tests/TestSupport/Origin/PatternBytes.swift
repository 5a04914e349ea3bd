import Glibc

/// A body of any length that needs no memory: its bytes follow from a seed and their place.
///
/// The bytes repeat with a prime period, so a chunk that is lost, doubled or shifted never looks right.
public struct PatternBytes: Sendable {
    /// The number of bytes.
    public let size: Int64
    private let period: [UInt8]

    /// The body of `size` bytes that `seed` stands for.
    public init(size: Int64, seed: UInt64 = 1) {
        self.size = size
        var state = seed
        period = (0..<65_521).map { _ in
            // SplitMix64, of which the highest byte is taken.
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return UInt8(truncatingIfNeeded: (word ^ (word >> 31)) >> 56)
        }
    }

    /// The bytes from `offset`, at most `limit` of them; empty at the end.
    public func bytes(at offset: Int64, limit: Int) -> [UInt8] {
        var left = Int(min(Int64(limit), max(0, size - offset)))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(left)
        var place = Int(offset % Int64(period.count))
        while left > 0 {
            let count = min(left, period.count - place)
            bytes += period[place..<(place + count)]
            left -= count
            place = 0
        }
        return bytes
    }

    /// Whether `bytes` are what stands at `offset`.
    public func matches(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Bool {
        let expected = self.bytes(at: offset, limit: bytes.count)
        guard expected.count == bytes.count else { return false }
        guard let actual = bytes.baseAddress, !expected.isEmpty else { return true }
        return memcmp(expected, actual, expected.count) == 0
    }
}
