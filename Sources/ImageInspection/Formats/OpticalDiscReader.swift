import ImageModel

/// ISO 9660 (ECMA-119, section 8) and UDF (ECMA-167, part 2): volume descriptors of 2,048 bytes from byte 32,768 on.
///
/// What comes before them is free for boot loaders and partition tables, so a hybrid image is still an ISO.
struct OpticalDiscReader: FormatReader {
    let formats: [DetectedFormat] = [.iso]

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let area = try image.bytes(at: Self.firstSector * Self.sectorSize, count: Self.sectors * Int(Self.sectorSize))
        var volume: Int64?
        var bootCatalog: UInt32?
        var isISO = false
        var isOver = false
        for sector in 0..<Self.sectors {
            let place = sector * Int(Self.sectorSize)
            if area.starts(with: "NSR02", at: place + 1) || area.starts(with: "NSR03", at: place + 1) {
                sheet.claim(.iso)
            }
            guard !isOver, area.starts(with: "CD001", at: place + 1) else { continue }
            sheet.claim(.iso)
            isISO = true
            switch try area.slice(place, 1).first {
            case 1 where volume == nil:
                let blocks = Int64(try area.littleEndian(UInt32.self, at: place + 80))
                volume = blocks * Int64(try area.littleEndian(UInt16.self, at: place + 128))
            case 0 where area.starts(with: "EL TORITO SPECIFICATION", at: place + 7):
                bootCatalog = try area.littleEndian(at: place + 71)
            case 255: isOver = true
            default: break
            }
        }
        guard sheet.format != nil else { return }
        sheet.beginsWithDisk = true
        sheet.blockSize = Self.sectorSize
        sheet.virtualSize = volume
        if isISO, volume == nil {
            throw .damaged(at: area.start, "an ISO of which no descriptor is a primary volume descriptor")
        }
        if let bootCatalog { try readBootCatalog(image, at: Int64(bootCatalog) * Self.sectorSize, &sheet) }
        try compare(volume, with: image.size, &sheet)
    }

    /// A guest sees the whole file, and no less than the volume.
    private func compare(_ volume: Int64?, with size: Int64, _ sheet: inout FormatSheet) {
        sheet.virtualSize = max(volume ?? 0, size)
        if let volume, volume > size {
            sheet.note(.truncated, at: size, "the volume has \(volume) bytes, the image only \(size)")
        }
    }

    /// El Torito 1.0, section 2: a validation entry, a default entry, then sections, each for one platform.
    private func readBootCatalog(_ image: SeenBytes, at offset: Int64, _ sheet: inout FormatSheet) throws(Halt) {
        guard offset >= Self.firstSector * Self.sectorSize else { return }
        let catalog = try image.bytes(at: offset, count: Int(Self.sectorSize))
        guard catalog.count == Self.sectorSize, catalog.starts(with: [1]) else { return }
        for place in stride(from: 0, to: catalog.count, by: 32) {
            guard place == 0 || catalog.starts(with: [0x90], at: place) || catalog.starts(with: [0x91], at: place)
            else { continue }
            switch try catalog.slice(place + 1, 1).first {
            case 0: sheet.boot.hasBIOS = true
            case 0xEF: sheet.boot.hasUEFI = true
            default: break
            }
        }
    }

    private static let sectorSize: Int64 = 2_048
    private static let firstSector: Int64 = 16
    /// Real discs have two to eight descriptors.
    private static let sectors = 16
}
