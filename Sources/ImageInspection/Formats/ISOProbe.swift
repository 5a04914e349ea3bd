import ImageModel

/// ISO 9660 (ECMA-119, section 8): volume descriptors of 2,048 bytes from byte 32,768 on.
///
/// What comes before them is free for boot loaders and partition tables, so a hybrid image is still an ISO.
struct ISOProbe: FormatProbe {
    private(set) var wanted: Range<Int64>? = Self.sector(16)
    private var isISO = false
    private var virtualSize: Int64?

    /// Real images have two to five descriptors.
    private static let lastSector: Int64 = 31

    mutating func show(_ descriptor: HeaderBytes) throws(InspectionError) {
        let sector = (wanted?.lowerBound ?? 0) / 2_048
        wanted = nil
        guard descriptor.starts(with: "CD001", at: 1) else {
            if isISO { throw .malformed("iso", "sector \(sector) is no volume descriptor and none before was primary") }
            return
        }
        isISO = true
        switch descriptor.bytes.first {
        case 1:
            guard let blocks = descriptor.littleEndian(UInt32.self, at: 80),
                let blockSize = descriptor.littleEndian(UInt16.self, at: 128)
            else { throw .malformed("iso", "it ends in its primary volume descriptor") }
            virtualSize = try diskSize(UInt64(blocks), unit: UInt64(blockSize), of: "iso")
        case 255: throw .malformed("iso", "it has no primary volume descriptor")
        default:
            guard sector < Self.lastSector else {
                throw .malformed("iso", "none of its first 16 volume descriptors is primary")
            }
            wanted = Self.sector(sector + 1)
        }
    }

    func verdict(size: Int64, tail: HeaderBytes) -> FormatVerdict? {
        virtualSize.map { FormatVerdict(format: .iso, virtualSize: $0) }
    }

    private static func sector(_ number: Int64) -> Range<Int64> { number * 2_048..<(number + 1) * 2_048 }
}
