/// 32-bit cyclic redundancy checks in their usual, reflected form.
struct CyclicRedundancyCheck: Sendable {
    private let table: [UInt32]

    /// The one of Ethernet, gzip and GUID partition tables.
    static let crc32 = Self(reflectedPolynomial: 0xEDB8_8320)
    /// Castagnoli's, as RFC 3720 and MS-VHDX use it.
    static let crc32C = Self(reflectedPolynomial: 0x82F6_3B78)

    private init(reflectedPolynomial: UInt32) {
        table = (0..<256).map { byte in
            (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ reflectedPolynomial : value >> 1 }
        }
    }

    /// The checksum of `bytes`, those in `field` taken as zero.
    func checksum(_ bytes: [UInt8], zeroing field: Range<Int>) -> UInt32 {
        var value = UInt32.max
        for (index, byte) in bytes.enumerated() {
            value = value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ (field.contains(index) ? 0 : byte))]
        }
        return ~value
    }
}
