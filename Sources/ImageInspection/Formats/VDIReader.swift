import ImageModel

/// VirtualBox disk image, header version 1.1 (VirtualBox, VDICore.h).
struct VDIReader: FormatReader {
    let formats: [DetectedFormat] = [.vdi]

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let header = try image.bytes(at: 0, count: 512)
        guard header.starts(with: [0x7F, 0x10, 0xDA, 0xBE], at: 0x40) else { return }
        sheet.claim(.vdi)
        let version: UInt32 = try header.littleEndian(at: 0x44)
        guard version == 0x0001_0001 else {
            throw .damaged(at: 0x44, "a vdi of version \(version >> 16).\(version & 0xFFFF)")
        }
        try refuseParents(header, &sheet)
        let diskSize: UInt64 = try header.littleEndian(at: 0x170)
        let blockSize: UInt32 = try header.littleEndian(at: 0x178)
        let blocks: UInt32 = try header.littleEndian(at: 0x180)
        sheet.virtualSize = sheet.checkedSize(diskSize, at: 0x170)
        sheet.blockSize = Int64(blockSize)
        guard blockSize > 0, blockSize % 512 == 0, try header.littleEndian(UInt32.self, at: 0x168) == 512 else {
            throw .damaged(at: 0x168, "a vdi with blocks of \(blockSize) bytes or sectors of another size than 512")
        }
        let map: UInt32 = try header.littleEndian(at: 0x154)
        let data: UInt32 = try header.littleEndian(at: 0x158)
        guard map % 512 == 0, data % 512 == 0 else {
            throw .damaged(at: 0x154, "a vdi with its map at \(map) and its data at \(data)")
        }
        if blocks > Self.blocksMax { sheet.note(.absurdSize, at: 0x180, "\(blocks) blocks") }
        if diskSize > UInt64(blocks) * UInt64(blockSize) {
            sheet.note(.contradiction, at: 0x170, "\(blocks) blocks of \(blockSize) for a disk of \(diskSize) bytes")
        }
    }

    private func refuseParents(_ header: HeaderBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let type: UInt32 = try header.littleEndian(at: 0x4C)
        switch type {
        case 1, 2: break
        case 3, 4: sheet.note(.differencing, at: 0x4C, "a vdi of type \(type), which changes another image")
        default: throw .damaged(at: 0x4C, "a vdi of type \(type)")
        }
        if try !header.slice(0x1A8, 16).isZero {
            sheet.note(.differencing, at: 0x1A8, "the header links to a snapshot")
        }
        if try !header.slice(0x1B8, 16).isZero { sheet.note(.differencing, at: 0x1B8, "the header names a parent") }
    }

    /// What QEMU loads at most.
    private static let blocksMax: UInt32 = 0x3FFF_FFFF
}
