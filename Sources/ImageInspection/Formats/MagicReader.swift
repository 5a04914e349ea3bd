import ImageModel

/// Formats that are told by their first bytes, and not read any further: wrappers, and disks that nobody takes.
struct MagicReader: FormatReader {
    let formats = Wrapper.allCases.map(\.format) + Self.refused.map(\.format)

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let start = try image.bytes(at: 0, count: 64)
        if let found = Self.refused.first(where: { start.starts(with: $0.magic) }) {
            sheet.claim(found.format)
            sheet.note(.unsupportedFormat, at: 0, "\(found.name), which no platform takes")
        } else if let wrapper = start.bytes.withUnsafeBytes({ Wrapper(startingWith: $0) }) {
            sheet.claim(wrapper.format)
            sheet.note(.wrapped, at: 0, "packed with \(wrapper.rawValue); what is inside was not inspected")
        }
    }

    private struct Magic: Sendable {
        let format: DetectedFormat
        let magic: [UInt8]
        let name: String

        init(_ format: DetectedFormat, _ magic: [UInt8], _ name: String) {
            self.format = format
            self.magic = magic
            self.name = name
        }
    }

    private static let refused: [Magic] = [
        Magic(.qed, [0x51, 0x45, 0x44, 0x00], "a QEMU enhanced disk"),
        Magic(.cowd, Array("COWD".utf8), "a copy-on-write extent of ESX"),
        Magic(.sesparse, [0xBE, 0xBA, 0xFE, 0xCA, 0, 0, 0, 0], "a space-efficient sparse extent"),
        Magic(.parallels, Array("WithoutFreeSpace".utf8), "a Parallels disk"),
        Magic(.parallels, Array("WithouFreSpacExt".utf8), "an extended Parallels disk"),
        Magic(.bochs, Array("Bochs Virtual HD Image".utf8), "a Bochs disk"),
        Magic(.cloop, Array("#!/bin/sh\n#V2.0 Format\n".utf8), "a compressed loop device"),
        Magic(.androidSparse, [0x3A, 0xFF, 0x26, 0xED], "an Android sparse image"),
    ]
}
