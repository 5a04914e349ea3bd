import ImageModel

/// Tape archives, and among them the OVA: one whose first member is an OVF descriptor (POSIX.1-2024, pax; DSP0243).
///
/// Only the headers are read, wherever they lie.
struct TarReader: FormatReader {
    let formats: [DetectedFormat] = [.tar, .ova]
    let budget = membersMax * 512

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let start = try image.bytes(at: 0, count: 512)
        let isOld = try isHeader(start)
        guard isOld || start.starts(with: "ustar", at: 257) else { return }
        sheet.claim(.tar)
        var offset: Int64 = 0
        for member in 0..<Self.membersMax {
            let header = try image.bytes(at: offset, count: 512)
            guard !header.bytes.isZero else { break }
            guard try isHeader(header) else {
                throw .damaged(at: offset, "an archive whose header has a wrong checksum")
            }
            let name = Array(try header.slice(0, 100).prefix { $0 != 0 })
            if member == 0, name.suffix(4).map({ $0 | 0x20 }) == Array(".ovf".utf8) { sheet.claim(.ova) }
            try check(header, name, &sheet)
            let size = try number(header, 124, 12)
            guard size >= 0, size < Int64.max - offset - 1_024 else {
                throw .damaged(at: header.place(124), "an archive with a member of \(size) bytes")
            }
            offset += 512 + (size + 511) / 512 * 512
            if member == Self.membersMax - 1 {
                sheet.note(.archiveMember, at: offset, "more than \(Self.membersMax) members")
            }
        }
        sheet.note(.wrapped, at: 0, "packed in an archive; what is inside was not inspected")
    }

    private func check(_ header: HeaderBytes, _ name: [UInt8], _ sheet: inout FormatSheet) throws(Halt) {
        let type = try header.slice(156, 1).first ?? 0
        // Regular files, old and new, and the headers that only carry long names and attributes.
        if !"\0007xgLK".utf8.contains(type) {
            sheet.note(.archiveMember, at: header.place(156), "a member that is no regular file (type \(type))")
        }
        let isUnsafe = name.first == 0x2F || name.contains(0x5C) || name.firstRange(of: [0x2E, 0x2E]) != nil
        if isUnsafe { sheet.note(.archiveMember, at: header.start, "a member whose name leads elsewhere") }
    }

    /// The sum of all bytes, those of the field itself taken as blanks.
    private func isHeader(_ header: HeaderBytes) throws(Halt) -> Bool {
        guard header.count == 512, let expected = try? number(header, 148, 8) else { return false }
        let field = 148..<156
        let sum = header.bytes.indices.reduce(Int64(0)) {
            $0 + (field.contains($1) ? 0x20 : Int64(header.bytes[$1]))
        }
        return sum == expected && header.bytes.first != 0
    }

    /// Octal digits, or with the first bit set a big-endian number.
    private func number(_ header: HeaderBytes, _ place: Int, _ length: Int) throws(Halt) -> Int64 {
        let field = try header.slice(place, length)
        func damage() -> Halt { .damaged(at: header.place(place), "an archive with a number that is none") }
        if let first = field.first, first & 0x80 != 0 {
            let high = field.dropLast(8).dropFirst()
            guard first == 0x80, high.isZero else { throw damage() }
            guard let value = Int64(exactly: try header.bigEndian(UInt64.self, at: place + length - 8)) else {
                throw damage()
            }
            return value
        }
        var value: Int64 = 0
        for byte in field.drop(while: { $0 == 0x20 }) {
            guard byte != 0, byte != 0x20 else { break }
            guard (0x30...0x37).contains(byte) else { throw damage() }
            value = value * 8 + Int64(byte - 0x30)
        }
        return value
    }

    private static let membersMax = 128
}
