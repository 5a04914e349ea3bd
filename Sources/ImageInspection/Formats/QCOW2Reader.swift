import ImageModel

/// QEMU copy-on-write, versions 2 and 3; version 1 is refused (QEMU, docs/interop/qcow2.txt).
struct QCOW2Reader: FormatReader {
    let formats: [DetectedFormat] = [.qcow2, .qcow]

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let start = try image.bytes(at: 0, count: 8)
        guard start.starts(with: [0x51, 0x46, 0x49, 0xFB]) else { return }
        sheet.claim(.qcow2)
        let version: UInt32 = try start.bigEndian(at: 4)
        guard version != 1 else {
            sheet.claim(.qcow)
            sheet.note(.unsupportedFormat, at: 4, "qcow version 1, a format of long ago")
            return
        }
        guard version == 2 || version == 3 else { throw .damaged(at: 4, "a qcow2 of version \(version)") }
        let header = try image.bytes(at: 0, count: version == 2 ? 72 : 104)
        let layout = try readLayout(header, &sheet)
        let features = version == 3 ? try readFeatures(image, header, &sheet) : Features()
        try checkTables(header, layout, features, &sheet)
        let end = layout.backingOffset > 0 ? min(layout.backingOffset, layout.clusterSize) : layout.clusterSize
        try readExtensions(image, from: features.headerLength, to: end, &sheet)
    }

    private struct Layout {
        let clusterSize: UInt64
        let backingOffset: UInt64
        let size: UInt64
    }

    private struct Features {
        var headerLength: UInt64 = 72
        var hasExtendedL2 = false
    }

    private func readLayout(_ header: HeaderBytes, _ sheet: inout FormatSheet) throws(Halt) -> Layout {
        let backingOffset: UInt64 = try header.bigEndian(at: 8)
        let backingLength: UInt32 = try header.bigEndian(at: 16)
        if backingOffset != 0 {
            sheet.note(
                .backingFile, at: 8, "the header names a backing file of \(backingLength) bytes at \(backingOffset)")
        }
        let clusterBits: UInt32 = try header.bigEndian(at: 20)
        guard (9...21).contains(clusterBits) else {
            throw .damaged(at: 20, "a qcow2 with clusters of 2^\(clusterBits) bytes")
        }
        let size: UInt64 = try header.bigEndian(at: 24)
        sheet.blockSize = 1 << Int64(clusterBits)
        sheet.virtualSize = sheet.checkedSize(size, at: 24)
        switch try header.bigEndian(UInt32.self, at: 32) {
        case 0: break
        case 1:
            sheet.encryption = .aes
            sheet.note(.encrypted, at: 32, "encrypted with the AES of early qcow2, which does not protect")
        case 2:
            sheet.encryption = .luks
            sheet.note(.encrypted, at: 32, "encrypted with LUKS; its content was not inspected")
        case let method: throw .damaged(at: 32, "a qcow2 with encryption method \(method)")
        }
        if try header.bigEndian(UInt32.self, at: 60) != 0 {
            sheet.note(.snapshots, at: 60, "\(try header.bigEndian(UInt32.self, at: 60)) internal snapshots")
        }
        return Layout(clusterSize: 1 << UInt64(clusterBits), backingOffset: backingOffset, size: size)
    }

    private func readFeatures(
        _ image: SeenBytes, _ header: HeaderBytes, _ sheet: inout FormatSheet
    ) throws(Halt) -> Features {
        let incompatible: UInt64 = try header.bigEndian(at: 72)
        if incompatible & 1 << 0 != 0 { sheet.note(.unclean, at: 79, "the dirty bit is set") }
        if incompatible & 1 << 1 != 0 { sheet.note(.corrupt, at: 79, "the corrupt bit is set") }
        if incompatible & 1 << 2 != 0 { sheet.note(.externalData, at: 79, "the data lies in another file") }
        if incompatible >> 5 != 0 {
            sheet.note(.unknownFeature, at: 72, "incompatible features 0x\(String(incompatible, radix: 16))")
        }
        let autoclear: UInt64 = try header.bigEndian(at: 88)
        if autoclear & 1 << 1 != 0 { sheet.note(.externalData, at: 95, "raw data lies in another file") }
        let refcountOrder: UInt32 = try header.bigEndian(at: 96)
        guard refcountOrder <= 6 else { throw .damaged(at: 96, "a qcow2 with refcounts of 2^\(refcountOrder) bits") }
        let length: UInt32 = try header.bigEndian(at: 100)
        guard length >= 104, length % 8 == 0, Int64(length) <= sheet.blockSize ?? 0 else {
            throw .damaged(at: 100, "a qcow2 whose header is \(length) bytes long")
        }
        let compression = length > 104 ? try image.bytes(at: 104, count: 1).bigEndian(UInt8.self, at: 0) : 0
        guard compression <= 1, (compression != 0) == (incompatible & 1 << 3 != 0) else {
            throw .damaged(at: 104, "a qcow2 with compression type \(compression) and features \(incompatible)")
        }
        return Features(headerLength: UInt64(length), hasExtendedL2: incompatible & 1 << 4 != 0)
    }

    /// The first-level table must cover the disk and not more than any program would load.
    private func checkTables(
        _ header: HeaderBytes, _ layout: Layout, _ features: Features, _ sheet: inout FormatSheet
    ) throws(Halt) {
        guard !features.hasExtendedL2 || layout.clusterSize >= 1 << 14 else {
            throw .damaged(at: 20, "a qcow2 with subclusters in clusters of \(layout.clusterSize) bytes")
        }
        let entries: UInt32 = try header.bigEndian(at: 36)
        if entries > Self.tableBytesMax / 8 { sheet.note(.absurdSize, at: 36, "an L1 table of \(entries) entries") }
        let table: UInt64 = try header.bigEndian(at: 40)
        guard table % layout.clusterSize == 0 else { throw .damaged(at: 40, "a qcow2 with its L1 table at \(table)") }
        // At most 2^21 * 2^18 bytes: this cannot overflow.
        let covered = layout.clusterSize * (layout.clusterSize / (features.hasExtendedL2 ? 16 : 8))
        let needed = layout.size / covered + (layout.size % covered == 0 ? 0 : 1)
        if UInt64(entries) < needed {
            sheet.note(.absurdSize, at: 36, "an L1 table of \(entries) entries for a disk that needs \(needed)")
        }
        let refcountClusters: UInt32 = try header.bigEndian(at: 56)
        if UInt64(refcountClusters) * layout.clusterSize > Self.refcountBytesMax {
            sheet.note(.absurdSize, at: 56, "a refcount table of \(refcountClusters) clusters")
        }
    }

    private func readExtensions(
        _ image: SeenBytes, from start: UInt64, to end: UInt64, _ sheet: inout FormatSheet
    ) throws(Halt) {
        var offset = start
        for _ in 0..<Self.extensionsMax {
            guard offset <= end, end - offset >= 8 else { return }
            let head = try image.bytes(at: Int64(offset), count: 8)
            let type: UInt32 = try head.bigEndian(at: 0)
            let length: UInt32 = try head.bigEndian(at: 4)
            guard type != 0 else { return }
            guard UInt64(length) <= end - offset - 8 else {
                throw .damaged(at: Int64(offset), "a qcow2 with a header extension of \(length) bytes")
            }
            switch type {
            case 0xE279_2ACA:
                sheet.note(.backingFile, at: Int64(offset), "the header names the format of a backing file")
            case 0x4441_5441: sheet.note(.externalData, at: Int64(offset), "the header names another file for its data")
            default: break
            }
            offset += 8 + (UInt64(length) + 7) / 8 * 8
        }
        throw .damaged(at: Int64(offset), "a qcow2 with more than \(Self.extensionsMax) header extensions")
    }

    /// What QEMU loads at most.
    private static let tableBytesMax: UInt32 = 32 << 20
    private static let refcountBytesMax: UInt64 = 8 << 20
    /// Real images have four.
    private static let extensionsMax = 64
}

extension FormatSheet {
    /// A size in a header as a number of bytes; notes one that no disk can have, and returns nil.
    mutating func checkedSize(_ count: UInt64, unit: UInt64 = 1, at offset: Int64) -> Int64? {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow, let size = Int64(exactly: bytes) else {
            note(.absurdSize, at: offset, "a virtual size of \(count) times \(unit) bytes")
            return nil
        }
        return size
    }
}
