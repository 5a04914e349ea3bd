import ImageModel

/// Master boot record, GUID partition table (UEFI 2.10, section 5) and Apple partition map at the beginning of a disk.
///
/// They are no format: raw disks have them, and optical discs may. So nothing is claimed.
struct PartitionTableReader: FormatReader {
    let formats: [DetectedFormat] = []
    let budget = entriesBytes + 1_024

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let start = try image.bytes(at: 0, count: 512)
        guard start.count == 512 else { return }
        let entries = try readMBR(start, &sheet)
        if start.starts(with: "ER") {
            if try image.bytes(at: 512, count: 2).starts(with: "PM") { sheet.boot.partitionTable = .apm }
        }
        for sectorSize in [512, 4_096] as [Int64] {
            let header = try image.bytes(at: sectorSize, count: 512)
            guard header.starts(with: "EFI PART") else { continue }
            sheet.boot.partitionTable = .gpt
            sheet.boot.hasBIOS = sheet.boot.hasBIOS && entries.contains { $0.isBootable }
            try readGPT(
                image, header, sectorSize: sectorSize, isProtected: entries.contains { $0.type == 0xEE }, &sheet)
            return
        }
        if entries.contains(where: { $0.type == 0xEE }) {
            sheet.note(.partitionTable, at: 512, "the boot record protects a GUID partition table that is not there")
        }
    }

    private struct Entry {
        let isBootable: Bool
        let type: UInt8
    }

    private func readMBR(_ sector: HeaderBytes, _ sheet: inout FormatSheet) throws(Halt) -> [Entry] {
        guard sector.starts(with: [0x55, 0xAA], at: 510), !isFileSystem(sector) else { return [] }
        var entries: [Entry] = []
        for place in stride(from: 446, to: 510, by: 16) {
            let flag = try sector.slice(place, 1).first ?? 0
            let type = try sector.slice(place + 4, 1).first ?? 0
            let first: UInt32 = try sector.littleEndian(at: place + 8)
            let count: UInt32 = try sector.littleEndian(at: place + 12)
            guard type != 0 || count != 0 else { continue }
            guard flag & 0x7F == 0, type != 0, count != 0 else {
                sheet.note(
                    .partitionTable, at: sector.place(place),
                    "a partition of type \(type) with flag \(flag), \(count) sectors from \(first) on")
                continue
            }
            entries.append(Entry(isBootable: flag == 0x80, type: type))
        }
        guard !entries.isEmpty else { return [] }
        sheet.boot.partitionTable = .mbr
        sheet.boot.hasBIOS = try !sector.slice(0, 440).isZero
        sheet.boot.hasUEFI = entries.contains { $0.type == 0xEF }
        return entries
    }

    /// The boot sectors of FAT and NTFS end like a master boot record.
    private func isFileSystem(_ sector: HeaderBytes) -> Bool {
        sector.starts(with: "NTFS    ", at: 3)
            || (sector.starts(with: [2], at: 0x10) && sector.starts(with: [0xF8], at: 0x15))
    }

    private func readGPT(
        _ image: SeenBytes, _ header: HeaderBytes, sectorSize: Int64, isProtected: Bool, _ sheet: inout FormatSheet
    ) throws(Halt) {
        func complain(at place: Int, _ message: String) {
            sheet.note(.partitionTable, at: header.place(place), message)
        }
        if !isProtected { complain(at: 0, "no boot record protects the GUID partition table") }
        let length: UInt32 = try header.littleEndian(at: 12)
        guard (92...512).contains(length) else {
            complain(at: 12, "a GUID partition table with a header of \(length) bytes")
            return
        }
        let sum = CyclicRedundancyCheck.crc32.checksum(Array(try header.slice(0, Int(length))), zeroing: 16..<20)
        if try header.littleEndian(UInt32.self, at: 16) != sum {
            complain(at: 16, "a GUID partition table with a wrong checksum")
        }
        let (place, overflow) = Int64(clamping: try header.littleEndian(UInt64.self, at: 72))
            .multipliedReportingOverflow(by: sectorSize)
        let count: UInt32 = try header.littleEndian(at: 80)
        let size: UInt32 = try header.littleEndian(at: 84)
        guard !overflow, place >= sectorSize, size >= 128, size <= 4_096, count <= 1_024 else {
            complain(at: 72, "a GUID partition table of \(count) entries of \(size) bytes")
            return
        }
        let shown = min(Int(count) * Int(size), Self.entriesBytes)
        let entries = try image.bytes(at: place, count: shown)
        for entry in stride(from: 0, to: entries.count, by: Int(size)) {
            if entries.starts(with: Self.systemPartition, at: entry) { sheet.boot.hasUEFI = true }
            if entries.starts(with: Self.bootPartition, at: entry) { sheet.boot.hasBIOS = true }
        }
        let backup = Int64(clamping: try header.littleEndian(UInt64.self, at: 32))
        if backup >= (try image.size) / sectorSize {
            sheet.note(
                .truncated, at: header.place(32), "the partition table ends in sector \(backup), behind the image")
        }
    }

    /// 128 entries of 128 bytes, the usual table.
    private static let entriesBytes = 16 << 10
    private static let systemPartition = GUID.bytes("C12A7328-F81F-11D2-BA4B-00A0C93EC93B")
    private static let bootPartition = GUID.bytes("21686148-6449-6E6F-744E-656564454649")
}
