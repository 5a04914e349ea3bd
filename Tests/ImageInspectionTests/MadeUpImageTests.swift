import ImageModel
import Testing

@testable import ImageInspection

@Suite("Formats of made-up streams")
struct MadeUpImageTests {
    private func stream(_ count: Int, _ parts: [(Int, [UInt8])]) -> [UInt8] {
        parts.reduce([UInt8](repeating: 0, count: count)) { $0.patched($1.0, $1.1) }
    }

    private func qcow2(version: UInt32 = 3, size: UInt64 = 1 << 20, count: Int = 65_536) -> [UInt8] {
        let header = stream(
            112,
            [
                (0, [0x51, 0x46, 0x49, 0xFB]), (4, bigEndian(version)), (20, bigEndian(UInt32(16))),
                (24, bigEndian(size)), (36, bigEndian(UInt32(1))), (100, bigEndian(UInt32(104))),
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

    @Test("Bytes of no format are raw, and their number is their size", arguments: [0, 1, 511, 512, 513, 70_000])
    func raw(_ count: Int) {
        for cut in Cut.many + Cut.small {
            let report = inspect(noise(count), cut)
            #expect(report.format == .raw)
            #expect(report.virtualSize == Int64(count))
            #expect(report.rules == (count == 0 ? [] : [.unpartitioned]))
        }
    }

    @Test("An ISO is found behind a partition table and a boot record", arguments: [16, 17, 31])
    func hybridISO(_ sector: Int) {
        let bytes = iso(primaryAt: sector).patched(510, [0x55, 0xAA]).patched(446, [0x80, 0, 0, 0, 0x83])
            .patched(458, [9])
        for cut in Cut.many {
            let report = inspect(bytes, cut)
            #expect(report.format == .iso)
            #expect(report.virtualSize == 81_920)
            #expect(report.boot.partitionTable == .mbr)
            #expect(!report.isRefused)
        }
    }

    @Test("A UDF volume without ISO 9660 is an optical disc")
    func udf() {
        let bytes = stream(
            300 * 2_048, [(32_769, Array("BEA01".utf8)), (34_817, Array("NSR03".utf8)), (36_865, Array("TEA01".utf8))])
        #expect(inspect(bytes).format == .iso)
        #expect(inspect(bytes).virtualSize == 614_400)
    }

    @Test("A volume that is larger than its image is cut off")
    func truncatedISO() {
        let report = inspect(iso(blocks: 1 << 20))
        #expect(report.virtualSize == 2 << 30)
        #expect(report.rules == [.truncated])
    }

    @Test("Headers that begin like a format and do not go on like it are unknown, with the value")
    func malformed() throws {
        let cases: [(bytes: [UInt8], word: String)] = [
            (qcow2(version: 9), "9"), (qcow2(count: 60), "ends"), (qcow2(count: 6), "ends"),
            (Array("KDMV".utf8), "ends"), (stream(512, [(0, Array("KDMV".utf8)), (4, [7])]), "7"),
            (stream(512, [(0x40, [0x7F, 0x10, 0xDA, 0xBE]), (0x44, littleEndian(UInt32(0x2_0003)))]), "2.3"),
            (Array("vhdxfile".utf8) + noise(300_000), "header"), (Array("vhdxfile".utf8), "header"),
            (stream(512, [(0, Array("conectix".utf8))]), "checksum"), (iso(primaryAt: 32), "primary"),
        ]
        for (bytes, word) in cases {
            for cut in Cut.many {
                let error = try #require(refusal(of: bytes, cut)).error
                #expect(error.code == .formatUnknown)
                #expect(error.message.contains(word), "\(error.message) lacks \(word)")
            }
        }
    }

    @Test("A descriptor whose extents are other files is refused, also when only QEMU would take it for one")
    func descriptors() {
        for text in [
            "# Disk DescriptorFile\nversion=1\n", "# disk descriptorFILE", "version=1\n",
            "#\n# hello\n \n\r\nversion=3\r\n",
        ] {
            #expect(inspect(Array(text.utf8) + [0, 0]).broken == [.foreignExtent], "\(text)")
        }
        for text in ["# a comment\nnothing=1\n", "#version=1\n", "a\nversion=1\n"] {
            #expect(inspect(Array(text.utf8)).format == .raw, "\(text)")
        }
    }

    @Test("Bytes that are two formats at once are refused, in the words of both")
    func ambiguous() throws {
        let bytes = iso().patched(0, Array(qcow2()[..<112]))
        for cut in Cut.many {
            let error = try #require(refusal(of: bytes, cut)).error
            #expect(error.code == .imageUnsafe)
            #expect(error.message == "ambiguous_format at byte 0: the bytes are valid as qcow2 and iso")
        }
    }

    @Test(
        "Formats that are known in order to be refused",
        arguments: [
            (DetectedFormat.qed, [0x51, 0x45, 0x44, 0x00]), (.cowd, Array("COWD".utf8)),
            (.sesparse, littleEndian(UInt64(0xCAFE_BABE))), (.parallels, Array("WithoutFreeSpace".utf8)),
            (.parallels, Array("WithouFreSpacExt".utf8)), (.bochs, Array("Bochs Virtual HD Image".utf8)),
            (.cloop, Array("#!/bin/sh\n#V2.0 Format\n".utf8)), (.qcow, [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 1]),
        ] as [(DetectedFormat, [UInt8])])
    func banned(format: DetectedFormat, magic: [UInt8]) {
        let report = inspect(magic + [UInt8](repeating: 0, count: 5_000))
        #expect(report.format == format)
        #expect(report.broken == [.unsupportedFormat])
    }
}
