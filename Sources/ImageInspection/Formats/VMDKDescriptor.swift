import ImageModel

/// The text in which a VMDK says what it is made of.
///
/// Programs read it with different care: some search the whole text for a word, comments included. So a dangerous word
/// counts wherever it stands, and a line of an unknown form is not passed over.
struct VMDKDescriptor {
    private let start: Int64
    private let text: [UInt8]
    private let hasEnd: Bool
    private let endsClean: Bool

    /// Takes the text up to its first NUL.
    init(_ bytes: HeaderBytes) {
        start = bytes.start
        text = Array(bytes.bytes.prefix { $0 != 0 })
        hasEnd = text.count < bytes.count
        endsClean = Self.isEnd(bytes.bytes[text.count...], of: text)
    }

    /// Whether nothing follows a text but zeros, or what QEMU leaves there: it writes a new content id without leading zeros,
    /// so that now and then (one image of 256) the text becomes shorter by some digits; a single NUL ends it, and the last
    /// bytes of the longer text, which ended alike, stay behind that (`vmdk_write_cid` in QEMU's block/vmdk.c).
    private static func isEnd(_ rest: ArraySlice<UInt8>, of text: [UInt8]) -> Bool {
        let remains = rest.dropFirst().prefix { $0 != 0 }
        // Eight digits became at least one, and the NUL took the place of a byte.
        return remains.count <= 6 && text.suffix(remains.count).elementsEqual(remains)
            && rest.dropFirst(1 + remains.count).isZero
    }

    /// Whether a file begins like a descriptor: comments and blank lines, then a version. QEMU takes that for one,
    /// whatever the comments say.
    static func begins(_ bytes: [UInt8]) -> Bool {
        if lowercase(bytes.prefix(21)).starts(with: "# disk descriptorfile".utf8) { return true }
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).lazy.map(trimmed)
        guard let first = lines.first(where: { !$0.isEmpty && $0.first != 0x23 }) else { return false }
        return lowercase(first).starts(with: "version=".utf8)
    }

    /// Notes what the descriptor says about other files, and what it says differently from the header.
    func check(_ header: VMDKReader.SparseHeader, _ sheet: inout FormatSheet) {
        if !hasEnd { sheet.note(.contradiction, at: start, "the descriptor has no end") }
        if !endsClean { sheet.note(.contradiction, at: place(text.count), "bytes follow the end of the descriptor") }
        let lower = Self.lowercase(text)
        for (word, rule) in Self.dangerousWords {
            if let found = lower.firstRange(of: Array(word.utf8)) {
                sheet.note(rule, at: place(found.lowerBound), "the descriptor speaks of \(word)")
            }
        }
        var values: [String: String] = [:]
        var extents: [Extent] = []
        var offset = 0
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            read(line, at: place(offset), &values, &extents, &sheet)
            offset += line.count + 1
        }
        check(values, &sheet)
        check(extents, header, &sheet)
    }

    private struct Extent {
        let sectors: UInt64
        let offset: Int64
    }

    private static let dangerousWords: [(String, SafetyRule)] = [
        ("parentfilenamehint", .differencing), ("changetrackpath", .externalData),
    ]

    private func place(_ offset: Int) -> Int64 { start + Int64(offset) }

    private func read(
        _ line: ArraySlice<UInt8>, at offset: Int64, _ values: inout [String: String], _ extents: inout [Extent],
        _ sheet: inout FormatSheet
    ) {
        let line = Self.trimmed(line)
        guard let first = line.first, first != 0x23 else { return }
        if let access = ["rw ", "rdonly ", "noaccess "].first(where: { Self.lowercase(line).starts(with: $0.utf8) }) {
            extents.append(readExtent(line.dropFirst(access.utf8.count), at: offset, &sheet))
            return
        }
        let parts = line.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        let key = String(decoding: Self.lowercase(Self.trimmed(parts[0])), as: UTF8.self)
        guard parts.count == 2, !key.isEmpty, key.utf8.allSatisfy(Self.isWord) else {
            sheet.note(.unknownDescriptorLine, at: offset, "a line '\(Self.quoted(line))'")
            return
        }
        let value = String(decoding: Self.lowercase(Self.trimmed(parts[1])), as: UTF8.self)
            .trimmingPrefix("\"").prefix { $0 != "\"" }
        if values.updateValue(String(value), forKey: key) != nil {
            sheet.note(.contradiction, at: offset, "a second '\(Self.quoted(parts[0]))'")
        }
    }

    private func readExtent(_ line: ArraySlice<UInt8>, at offset: Int64, _ sheet: inout FormatSheet) -> Extent {
        let words = line.split(separator: 0x20, maxSplits: 2)
        let type = words.count > 1 ? String(decoding: Self.lowercase(words[1]), as: UTF8.self) : ""
        if type != "sparse" {
            sheet.note(.foreignExtent, at: offset, "an extent of type '\(Self.quoted(words.dropFirst().first ?? []))'")
        }
        let name = words.count > 2 ? words[2] : []
        if name.contains(0x2F) || name.contains(0x5C) || name.firstRange(of: [0x2E, 0x2E]) != nil {
            sheet.note(.foreignExtent, at: offset, "an extent in '\(Self.quoted(name))'")
        }
        let sectors = words.first.flatMap { UInt64(String(decoding: $0, as: UTF8.self)) }
        if sectors == nil {
            sheet.note(.unknownDescriptorLine, at: offset, "an extent of '\(Self.quoted(words.first ?? []))' sectors")
        }
        return Extent(sectors: sectors ?? 0, offset: offset)
    }

    private func check(_ values: [String: String], _ sheet: inout FormatSheet) {
        let type = values["createtype"] ?? ""
        if !["monolithicsparse", "streamoptimized"].contains(type) {
            sheet.note(.foreignExtent, at: start, "a vmdk of type '\(Self.quoted(Array(type.utf8)[...]))'")
        }
        if let parent = values["parentcid"], parent != "ffffffff" {
            sheet.note(.differencing, at: start, "the descriptor names the parent with id '\(parent.prefix(16))'")
        }
    }

    private func check(_ extents: [Extent], _ header: VMDKReader.SparseHeader, _ sheet: inout FormatSheet) {
        guard extents.count == 1, let extent = extents.first else {
            sheet.note(.foreignExtent, at: start, "\(extents.count) extents where one is the image itself")
            return
        }
        // Some programs round one of them up to whole grains.
        let (more, less) = (max(extent.sectors, header.capacity), min(extent.sectors, header.capacity))
        if more - less >= header.grain {
            sheet.note(
                .contradiction, at: extent.offset,
                "an extent of \(extent.sectors) sectors in an image of \(header.capacity)")
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x30...0x39, 0x2E, 0x5F, 0x2D: true
        default: false
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        let rest = line.drop(while: isBlank)
        return rest.prefix((rest.lastIndex { !isBlank($0) } ?? rest.startIndex - 1) - rest.startIndex + 1)
    }

    private static func lowercase(_ bytes: some Collection<UInt8>) -> [UInt8] {
        bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Printable text for a finding, never long.
    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        let text = bytes.prefix(48).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }
        return String(decoding: text, as: UTF8.self) + (bytes.count > 48 ? "…" : "")
    }
}
