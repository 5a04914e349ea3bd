import ImageModel

/// Microsoft Hyper-V (MS-VHDX): the virtual size is an item of the metadata region, which the region table locates.
struct VHDXReader: FormatReader {
    let formats: [DetectedFormat] = [.vhdx]
    /// Two headers, two region tables and the metadata table.
    let budget = 208 << 10

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        guard try image.bytes(at: 0, count: 8).starts(with: "vhdxfile") else { return }
        sheet.claim(.vhdx)
        try checkHeaders(image, &sheet)
        let region = try findMetadata(image, &sheet)
        let items = try readItems(image, regionAt: region, &sheet)
        for item in items { try read(item, image, &sheet) }
        guard sheet.virtualSize != nil || items.contains(where: { $0.kind == .virtualSize }) else {
            throw .damaged(at: region, "a vhdx whose metadata names no virtual size")
        }
    }

    /// Of two headers the valid one with the higher sequence number counts (section 2.2.2).
    private func checkHeaders(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        var current: (sequence: UInt64, header: HeaderBytes)?
        for offset in [Self.firstHeader, Self.firstHeader * 2] {
            let header = try image.bytes(at: offset, count: 4_096)
            guard header.count == 4_096, header.starts(with: "head"), try hasChecksum(header) else { continue }
            let sequence: UInt64 = try header.littleEndian(at: 8)
            if sequence >= current?.sequence ?? 0 { current = (sequence, header) }
        }
        guard let header = current?.header else {
            throw .damaged(at: Self.firstHeader, "a vhdx without a valid header")
        }
        let version: UInt16 = try header.littleEndian(at: 66)
        guard version == 1 else { throw .damaged(at: header.place(66), "a vhdx of version \(version)") }
        if try !header.slice(48, 16).isZero {
            sheet.note(.pendingLog, at: header.place(48), "the log holds changes that are not in the tables yet")
        }
    }

    private func findMetadata(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) -> Int64 {
        let table = try image.bytes(at: Self.firstTable, count: Self.tableLength)
        let copy = try image.bytes(at: Self.firstTable + Int64(Self.tableLength), count: Self.tableLength)
        let count = try countEntries(table, signature: "regi", at: 8)
        guard try hasChecksum(table) else {
            throw .damaged(at: table.start, "a vhdx whose region table has a wrong checksum")
        }
        if copy.starts(with: "regi"), try hasChecksum(copy), copy.bytes != table.bytes {
            sheet.note(.contradiction, at: copy.start, "two region tables that differ")
        }
        var metadata: Int64?
        for entry in 0..<count {
            let place = 16 + entry * 32
            let guid = try table.slice(place, 16)
            if guid.elementsEqual(Self.metadataRegion) {
                guard metadata == nil else {
                    throw .damaged(at: table.place(place), "a vhdx with two metadata regions")
                }
                metadata = Int64(clamping: try table.littleEndian(UInt64.self, at: place + 16))
            } else if !guid.elementsEqual(Self.tableRegion),
                try table.littleEndian(UInt32.self, at: place + 28) & 1 == 1
            {
                sheet.note(.unknownFeature, at: table.place(place), "a required region of unknown kind")
            }
        }
        guard let metadata else { throw .damaged(at: table.start, "a vhdx that names no metadata region") }
        guard (Self.regionsBegin...Int64.max / 2).contains(metadata) else {
            throw .damaged(at: table.start, "a vhdx whose metadata region is said to begin at \(metadata)")
        }
        return metadata
    }

    private enum Kind {
        case parameters
        case virtualSize
        case sectorSize
    }

    private struct Item {
        let kind: Kind
        let offset: Int64
    }

    /// The items that matter, as they lie in the file.
    private func readItems(
        _ image: SeenBytes, regionAt region: Int64, _ sheet: inout FormatSheet
    ) throws(Halt) -> [Item] {
        let table = try image.bytes(at: region, count: Self.tableLength)
        var items: [Item] = []
        for entry in 0..<(try countEntries(table, signature: "metadata", at: 10)) {
            let place = 32 + entry * 32
            let guid = Array(try table.slice(place, 16))
            if guid == Self.parentLocator {
                sheet.note(.differencing, at: table.place(place), "the metadata says where to find a parent")
            } else if let kind = Self.kinds[guid] {
                let offset: UInt32 = try table.littleEndian(at: place + 16)
                guard offset >= Self.tableLength, offset <= Self.regionMax else {
                    throw .damaged(at: table.place(place), "a vhdx whose metadata item is said to lie at \(offset)")
                }
                guard !items.contains(where: { $0.kind == kind }) else {
                    throw .damaged(at: table.place(place), "a vhdx with the same metadata twice")
                }
                items.append(Item(kind: kind, offset: region + Int64(offset)))
            } else if !Self.otherItems.contains(guid), try table.littleEndian(UInt32.self, at: place + 24) & 4 != 0 {
                sheet.note(.unknownFeature, at: table.place(place), "required metadata of unknown kind")
            }
        }
        return items.sorted { $0.offset < $1.offset }
    }

    private func read(_ item: Item, _ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let bytes = try image.bytes(at: item.offset, count: 8)
        switch item.kind {
        case .virtualSize: sheet.virtualSize = sheet.checkedSize(try bytes.littleEndian(at: 0), at: item.offset)
        case .sectorSize:
            let size: UInt32 = try bytes.littleEndian(at: 0)
            guard size == 512 || size == 4_096 else {
                throw .damaged(at: item.offset, "a vhdx with sectors of \(size) bytes")
            }
        case .parameters:
            let blockSize: UInt32 = try bytes.littleEndian(at: 0)
            guard (1 << 20...256 << 20).contains(blockSize), blockSize.nonzeroBitCount == 1 else {
                throw .damaged(at: item.offset, "a vhdx with blocks of \(blockSize) bytes")
            }
            sheet.blockSize = Int64(blockSize)
            if try bytes.littleEndian(UInt32.self, at: 4) & 2 != 0 {
                sheet.note(.differencing, at: item.offset + 4, "a vhdx that is the difference to a parent")
            }
        }
    }

    private func countEntries(
        _ table: HeaderBytes, signature: String, at offset: Int
    ) throws(Halt) -> Int {
        guard table.count == Self.tableLength, table.starts(with: signature) else {
            throw .damaged(at: table.start, "a vhdx without its table '\(signature)'")
        }
        // The table of items counts in 16 bits, that of regions in 32.
        let count =
            signature == "regi"
            ? Int(try table.littleEndian(UInt32.self, at: offset))
            : Int(try table.littleEndian(UInt16.self, at: offset))
        guard count <= Self.entriesMax else {
            throw .damaged(at: table.place(offset), "a vhdx with \(count) entries in its table '\(signature)'")
        }
        return count
    }

    private func hasChecksum(_ header: HeaderBytes) throws(Halt) -> Bool {
        try header.littleEndian(UInt32.self, at: 4)
            == CyclicRedundancyCheck.crc32C.checksum(header.bytes, zeroing: 4..<8)
    }

    private static let firstHeader: Int64 = 64 << 10
    private static let firstTable: Int64 = 192 << 10
    /// Region and metadata tables are this long (sections 2.2.3 and 2.6.1).
    private static let tableLength = 64 << 10
    /// The headers and region tables fill the first megabyte; no region begins in it.
    private static let regionsBegin: Int64 = 1 << 20
    /// Items of the metadata lie this far into its region at most.
    private static let regionMax = 256 << 20
    private static let entriesMax = 2_047
    private static let metadataRegion = GUID.bytes("8B7CA206-4790-4B9A-B8FE-575F050F886E")
    private static let tableRegion = GUID.bytes("2DC27766-F623-4200-9D64-115E9BFD4A08")
    private static let parentLocator = GUID.bytes("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C")
    private static let kinds: [[UInt8]: Kind] = [
        GUID.bytes("CAA16737-FA36-4D43-B3B6-33F0AA44E76B"): .parameters,
        GUID.bytes("2FA54224-CD1B-4876-B211-5DBED83BF4B8"): .virtualSize,
        GUID.bytes("8141BF1D-A96F-4709-BA47-F233A8FAAB5F"): .sectorSize,
    ]
    /// Physical sector size, and the identity of the disk.
    private static let otherItems = [
        GUID.bytes("CDA348C7-445D-4471-9CC9-E9885251C556"), GUID.bytes("BECA12AB-B2E6-4523-93EF-C309E000C746"),
    ]
}
