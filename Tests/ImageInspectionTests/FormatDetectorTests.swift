import ImageModel
import Testing

@testable import ImageInspection

@Suite("Formats of made-up streams")
struct FormatDetectorTests {
    private static let chunkSizes = [1, 17, 512, 65_536]

    private func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    private func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private func stream(_ count: Int, _ parts: [(Int, [UInt8])]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        for (offset, part) in parts { bytes.replaceSubrange(offset..<(offset + part.count), with: part) }
        return bytes
    }

    private func qcow2(version: UInt32 = 3, size: UInt64 = 1 << 30, count: Int = 65_536) -> [UInt8] {
        let header = stream(
            112,
            [
                (0, [0x51, 0x46, 0x49, 0xFB]), (4, bigEndian(version)), (20, bigEndian(UInt32(16))),
                (24, bigEndian(size)), (100, bigEndian(UInt32(104))),
            ])
        return Array((header + [UInt8](repeating: 0, count: max(0, count - 112)))[..<count])
    }

    /// An ISO with a boot record before its primary descriptor, as El Torito allows it.
    private func iso(blocks: UInt32 = 20, primaryAt sector: Int = 17) -> [UInt8] {
        var parts: [(Int, [UInt8])] = (16..<sector).map { ($0 * 2_048, [0] + "CD001".utf8) }
        let primary = sector * 2_048
        parts.append((primary, [1] + "CD001".utf8))
        parts.append((primary + 80, littleEndian(blocks)))
        parts.append((primary + 128, littleEndian(UInt16(2_048))))
        return stream(40 * 2_048, parts)
    }

    private func vhdFooter(type: UInt32, size: UInt64) -> [UInt8] {
        var footer = stream(512, [(0, Array("conectix".utf8)), (48, bigEndian(size)), (60, bigEndian(type))])
        let sum = footer.reduce(UInt32(0)) { $0 + UInt32($1) }
        footer.replaceSubrange(64..<68, with: bigEndian(~sum))
        return footer
    }

    @Test("Bytes of no format are raw, and their number is their size", arguments: [0, 1, 511, 512, 513, 70_000])
    func raw(_ count: Int) throws {
        for size in Self.chunkSizes {
            let report = try inspect(noise(count), chunkSize: size)
            #expect(report == ImageReport(format: .raw, virtualSize: Int64(count), size: Int64(count)))
        }
    }

    @Test("An ISO is found behind a partition table and a boot record", arguments: [16, 17, 31])
    func hybridISO(_ sector: Int) throws {
        var bytes = iso(primaryAt: sector)
        bytes.replaceSubrange(510..<512, with: [0x55, 0xAA])
        bytes.replaceSubrange(512..<520, with: Array("EFI PART".utf8))
        for size in Self.chunkSizes {
            let report = try inspect(bytes, chunkSize: size)
            #expect(report.format == .iso)
            #expect(report.virtualSize == 40_960)
        }
    }

    @Test("A fixed vhd is known by its last sector")
    func fixedVHD() throws {
        let bytes = [UInt8](repeating: 7, count: 8_192) + vhdFooter(type: 2, size: 8_192)
        for size in Self.chunkSizes {
            #expect(
                try inspect(bytes, chunkSize: size) == ImageReport(format: .vhd, virtualSize: 8_192, size: 8_704))
        }
    }

    @Test("Headers that begin like a format and do not go on like it are unknown, with the value")
    func malformed() throws {
        let cases: [(bytes: [UInt8], word: String)] = [
            (qcow2(version: 9), "9"), (qcow2(version: 1), "1"), (qcow2(count: 60), "60"), (qcow2(count: 6), "6"),
            (qcow2(size: .max), "\(UInt64.max)"),
            (Array("KDMV".utf8), "4"), (stream(512, [(0, Array("KDMV".utf8)), (4, littleEndian(UInt32(7)))]), "7"),
            (stream(512, [(0x40, [0x7F, 0x10, 0xDA, 0xBE]), (0x44, littleEndian(UInt32(0x2_0003)))]), "2.3"),
            (Array("vhdxfile".utf8) + noise(300_000), "region table"), (Array("vhdxfile".utf8), "region table"),
            (stream(512, [(0, Array("conectix".utf8))]), "checksum"),
            ([UInt8](repeating: 7, count: 100) + vhdFooter(type: 2, size: 101), "101"),
            (iso(primaryAt: 32), "primary"),
        ]
        for (bytes, word) in cases {
            for size in Self.chunkSizes.dropFirst() {
                let error = #expect(throws: InspectionError.self) { try inspect(bytes, chunkSize: size) }
                #expect(error?.code == .formatUnknown)
                #expect(error?.message.contains(word) == true, "\(error?.message ?? "") lacks \(word)")
            }
        }
    }

    @Test("Differences to a parent are refused")
    func differencing() throws {
        let vdi = stream(
            512,
            [
                (0x40, [0x7F, 0x10, 0xDA, 0xBE]), (0x44, littleEndian(UInt32(0x1_0001))),
                (0x4C, littleEndian(UInt32(4))),
            ])
        for bytes in [vdi, vhdFooter(type: 4, size: 4_096)] {
            let error = #expect(throws: InspectionError.self) { try inspect(bytes, chunkSize: 512) }
            #expect(error?.code == .imageUnsafe)
            #expect(error?.message.hasPrefix("differencing") == true)
        }
    }

    @Test("Bytes that are two formats at once are refused")
    func ambiguous() throws {
        var bytes = iso()
        bytes.replaceSubrange(0..<112, with: qcow2()[..<112])
        for size in Self.chunkSizes {
            let error = #expect(throws: InspectionError.self) { try inspect(bytes, chunkSize: size) }
            #expect(error?.message == "ambiguous_format: the bytes are valid as qcow2 and iso")
        }
    }

    @Test("A vhdx whose metadata is missing or said to lie in its header is unknown")
    func vhdxMetadata() throws {
        let guid: [UInt8] = [
            0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E,
        ]
        for offset in [UInt64(4_096), 2 << 20, .max] {
            let bytes = stream(
                1 << 20,
                [
                    (0, Array("vhdxfile".utf8)), (192 << 10, Array("regi".utf8)),
                    ((192 << 10) + 8, littleEndian(UInt32(1))), ((192 << 10) + 16, guid),
                    ((192 << 10) + 32, littleEndian(offset)),
                ])
            #expect(throws: InspectionError(.formatUnknown, "")) { try inspect(bytes, chunkSize: 65_536) }
        }
    }
}
