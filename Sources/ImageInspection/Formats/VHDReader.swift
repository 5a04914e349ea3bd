import ImageModel

/// Microsoft Virtual PC: a dynamic disk begins with a copy of its footer, a fixed one only ends with it
/// (Virtual Hard Disk Image Format Specification 1.0).
struct VHDReader: FormatReader {
    let formats: [DetectedFormat] = [.vhd]

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let start = try image.bytes(at: 0, count: 512)
        guard start.starts(with: Self.cookie) else { return try readFixed(image, &sheet) }
        sheet.claim(.vhd)
        let copy = try readFooter(start, &sheet)
        guard copy.type == 3 || copy.type == 4 else {
            throw .damaged(at: 60, "a vhd that begins with a footer of type \(copy.type)")
        }
        try readDynamicHeader(image, copy, &sheet)
        let footer = try image.last(512)
        guard footer.starts(with: Self.cookie) else {
            throw .damaged(at: footer.start, "a dynamic vhd that does not end with its footer")
        }
        if footer.bytes != start.bytes {
            sheet.note(.contradiction, at: footer.start, "the footer differs from its copy at the beginning")
        }
    }

    private struct Footer {
        let dataOffset: UInt64
        let type: UInt32
        let currentSize: UInt64
    }

    private func readFixed(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let last = try image.last(512)
        guard last.starts(with: Self.cookie) else { return }
        sheet.claim(.vhd)
        sheet.beginsWithDisk = true
        let footer = try readFooter(last, &sheet)
        guard footer.type == 2 else {
            throw .damaged(at: last.place(60), "a vhd that only ends with a footer, of type \(footer.type)")
        }
        guard footer.currentSize == UInt64(last.start) else {
            throw .damaged(
                at: last.place(48), "a vhd footer that speaks of \(footer.currentSize) bytes, behind \(last.start)")
        }
    }

    private func readFooter(_ footer: HeaderBytes, _ sheet: inout FormatSheet) throws(Halt) -> Footer {
        let checksum: UInt32 = try footer.bigEndian(at: 64)
        try verify(footer, checksum, field: 64..<68)
        let type: UInt32 = try footer.bigEndian(at: 60)
        let size: UInt64 = try footer.bigEndian(at: 48)
        if type == 4 { sheet.note(.differencing, at: footer.place(60), "a vhd that is the difference to a parent") }
        if try footer.slice(84, 1).first != 0 {
            sheet.note(.unclean, at: footer.place(84), "the machine that wrote the image was saved, not shut down")
        }
        // QEMU shows the product of the geometry for some creators; what counts here is what the footer says.
        sheet.virtualSize = sheet.checkedSize(size, at: footer.place(48))
        return Footer(dataOffset: try footer.bigEndian(at: 16), type: type, currentSize: size)
    }

    private func readDynamicHeader(
        _ image: SeenBytes, _ footer: Footer, _ sheet: inout FormatSheet
    ) throws(Halt) {
        guard let offset = Int64(exactly: footer.dataOffset), offset >= 512 else {
            throw .damaged(at: 16, "a vhd with its second header at \(footer.dataOffset)")
        }
        let header = try image.bytes(at: offset, count: 1_024)
        guard header.starts(with: "cxsparse") else { throw .damaged(at: offset, "a vhd without its second header") }
        try verify(header, try header.bigEndian(at: 36), field: 36..<40)
        let entries: UInt32 = try header.bigEndian(at: 28)
        let blockSize: UInt32 = try header.bigEndian(at: 32)
        guard blockSize >= 512, blockSize.nonzeroBitCount == 1 else {
            throw .damaged(at: header.place(32), "a vhd with blocks of \(blockSize) bytes")
        }
        sheet.blockSize = Int64(blockSize)
        if UInt64(entries) * UInt64(blockSize) < footer.currentSize {
            sheet.note(
                .contradiction, at: header.place(28),
                "\(entries) blocks of \(blockSize) for a disk of \(footer.currentSize) bytes")
        }
        let (parent, name) = (try header.slice(40, 16), try header.slice(64, 512))
        if !parent.isZero || !name.isZero {
            sheet.note(.differencing, at: header.place(40), "the header names a parent")
        }
        if try !header.slice(576, 192).isZero {
            sheet.note(.differencing, at: header.place(576), "the header says where to find a parent")
        }
    }

    /// The one's complement of the sum of all bytes, those of the field itself taken as zero.
    private func verify(_ header: HeaderBytes, _ checksum: UInt32, field: Range<Int>) throws(Halt) {
        let sum = header.bytes.indices.lazy.filter { !field.contains($0) }
            .reduce(UInt32(0)) { $0 &+ UInt32(header.bytes[$1]) }
        guard ~sum == checksum else {
            throw .damaged(
                at: header.place(field.lowerBound), "a vhd header whose checksum is \(checksum) and not \(~sum)")
        }
    }

    private static let cookie = "conectix"
}
