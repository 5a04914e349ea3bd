import ImageModel

/// Apple disk image: its trailer is the last sector.
struct AppleDiskImageReader: FormatReader {
    let formats: [DetectedFormat] = [.dmg]

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let trailer = try image.last(512)
        guard trailer.count == 512, trailer.starts(with: "koly") else { return }
        sheet.claim(.dmg)
        sheet.note(.unsupportedFormat, at: trailer.start, "an Apple disk image, which no platform takes")
    }
}
