import ImageModel

/// Microsoft Hyper-V (MS-VHDX): the virtual size is an item of the metadata region, which the region table locates.
///
/// The region lies anywhere from 1 MiB on, so it is awaited wherever the table, at 192 KiB, says that it will come.
struct VHDXProbe: FormatProbe {
    private enum Step {
        case header
        case regionTable
        case metadataTable(at: Int64)
        case virtualSize
        case done
    }

    private(set) var wanted: Range<Int64>? = 0..<8
    private var step = Step.header
    private var virtualSize: Int64?

    /// Region and metadata tables are this long at most (MS-VHDX, sections 2.2.3 and 2.6.1).
    private static let tableLength: Int64 = 64 << 10
    private static let regionTableOffset: Int64 = 192 << 10
    /// The headers and region tables fill the first megabyte; no region begins in it.
    private static let regionsBegin: Int64 = 1 << 20
    private static let entriesMax = 2_047
    private static let metadataRegion = guid("8B7CA206-4790-4B9A-B8FE-575F050F886E")
    private static let virtualSizeItem = guid("2FA54224-CD1B-4876-B211-5DBED83BF4B8")

    mutating func show(_ bytes: HeaderBytes) throws(InspectionError) {
        wanted = nil
        switch step {
        case .header:
            guard bytes.starts(with: "vhdxfile") else { return }
            want(Self.regionTableOffset, Self.tableLength, .regionTable)
        case .regionTable: try readRegions(bytes)
        case .metadataTable(let offset): try readItems(bytes, regionAt: offset)
        case .virtualSize:
            virtualSize = try diskSize(bytes.littleEndian(UInt64.self, at: 0), of: "vhdx")
            step = .done
        case .done: return
        }
    }

    func verdict(size: Int64, tail: HeaderBytes) -> FormatVerdict? {
        virtualSize.map { FormatVerdict(format: .vhdx, virtualSize: $0) }
    }

    private mutating func want(_ offset: Int64, _ length: Int64, _ step: Step) {
        wanted = offset..<(offset + length)
        self.step = step
    }

    private mutating func readRegions(_ table: HeaderBytes) throws(InspectionError) {
        guard table.starts(with: "regi"), let count = table.littleEndian(UInt32.self, at: 8),
            count <= Self.entriesMax, table.count == Self.tableLength
        else { throw .malformed("vhdx", "it has no region table at \(Self.regionTableOffset)") }
        for entry in 0..<Int(count) where table.starts(with: Self.metadataRegion, at: 16 + entry * 32) {
            let offset = try diskSize(table.littleEndian(UInt64.self, at: 16 + entry * 32 + 16), of: "vhdx")
            guard (Self.regionsBegin...Int64.max / 2).contains(offset) else {
                throw .malformed("vhdx", "its metadata region is said to begin at \(offset)")
            }
            want(offset, Self.tableLength, .metadataTable(at: offset))
            return
        }
        throw .malformed("vhdx", "its region table names no metadata region")
    }

    private mutating func readItems(_ table: HeaderBytes, regionAt region: Int64) throws(InspectionError) {
        guard table.starts(with: "metadata"), let count = table.littleEndian(UInt16.self, at: 10),
            count <= Self.entriesMax, table.count == Self.tableLength
        else { throw .malformed("vhdx", "it has no metadata table at \(region)") }
        for entry in 0..<Int(count) where table.starts(with: Self.virtualSizeItem, at: 32 + entry * 32) {
            let offset = Int64(table.littleEndian(UInt32.self, at: 32 + entry * 32 + 16) ?? 0)
            guard offset >= Self.tableLength else {
                throw .malformed("vhdx", "its virtual size is said to stand at \(offset) of the metadata table")
            }
            want(region + offset, 8, .virtualSize)
            return
        }
        throw .malformed("vhdx", "its metadata names no virtual size")
    }

    /// A GUID as it lies in the file: the first three fields little-endian, the rest as written.
    private static func guid(_ text: String) -> [UInt8] {
        let fields = text.split(separator: "-").map { field in
            stride(from: 0, to: field.count, by: 2).map { index in
                let start = field.index(field.startIndex, offsetBy: index)
                return UInt8(field[start..<field.index(start, offsetBy: 2)], radix: 16) ?? 0
            }
        }
        return fields.prefix(3).flatMap { $0.reversed() } + fields.dropFirst(3).flatMap { $0 }
    }
}
