import ImageModel
import Testing

@testable import ImageInspection

/// An image by qemu-img with one thing changed, and the rule that must refuse it.
struct DangerousTwin: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let base: QemuCase
    let rule: SafetyRule
    let change: @Sendable ([UInt8]) -> [UInt8]

    init(
        _ name: String, _ base: QemuCase, _ rule: SafetyRule, _ change: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        testDescription = name
        self.base = base
        self.rule = rule
        self.change = change
    }

    static let all = qcow2 + vmdk + vhd + vhdx + vdi + polyglots

    private static let qcow2v3 = QemuCase(format: .qcow2, qemuFormat: "qcow2", options: ["compat=1.1"])
    private static let qcow2v2 = QemuCase(format: .qcow2, qemuFormat: "qcow2", options: ["compat=0.10"])
    private static let sparse = QemuCase(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=monolithicSparse"])
    private static let stream = QemuCase(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=streamOptimized"])
    private static let dynamic = QemuCase(format: .vhd, qemuFormat: "vpc", options: ["subformat=dynamic"])
    private static let fixed = QemuCase(format: .vhd, qemuFormat: "vpc", options: ["subformat=fixed"])
    private static let hyperV = QemuCase(format: .vhdx, qemuFormat: "vhdx", options: ["subformat=dynamic"])
    private static let box = QemuCase(format: .vdi, qemuFormat: "vdi")

    private static let qcow2: [Self] = [
        .init("qcow2 v3 with a backing file", qcow2v3, .backingFile) { $0.patched(8, bigEndian(UInt64(600))) },
        .init("qcow2 v2 with a backing file", qcow2v2, .backingFile) { $0.patched(8, bigEndian(UInt64(72))) },
        .init("qcow2 with the external data bit", qcow2v3, .externalData) { $0.patched(79, [4]) },
        .init("qcow2 with raw external data", qcow2v3, .externalData) { $0.patched(95, [2]) },
        .init("qcow2 that only names an external data file", qcow2v3, .externalData) {
            $0.patched(112, bigEndian(UInt32(0x4441_5441)))
        },
        .init("qcow2 with the format of a backing file", qcow2v3, .backingFile) {
            $0.patched(112, bigEndian(UInt32(0xE279_2ACA)))
        },
        .init("qcow2 with an unknown feature", qcow2v3, .unknownFeature) { $0.patched(79, [0x20]) },
        .init("qcow2 with feature 63", qcow2v3, .unknownFeature) { $0.patched(72, [0x80]) },
        .init("qcow2 with the corrupt bit", qcow2v3, .corrupt) { $0.patched(79, [2]) },
        .init("qcow2 with AES", qcow2v3, .encrypted) { $0.patched(35, [1]) },
        .init("qcow2 with LUKS", qcow2v3, .encrypted) { $0.patched(35, [2]) },
        .init("qcow2 of 2^63 bytes", qcow2v3, .absurdSize) { $0.patched(24, [0x80]) },
        .init("qcow2 larger than its table", qcow2v3, .absurdSize) { $0.patched(24, bigEndian(UInt64(1 << 50))) },
        .init("qcow2 with a table of 4 GiB", qcow2v3, .absurdSize) { $0.patched(36, [0x1F, 0xFF]) },
        .init("qcow2 with a refcount table of 2^32 clusters", qcow2v3, .absurdSize) { $0.patched(56, [0xFF]) },
        .init("qcow2 of version 1", qcow2v2, .unsupportedFormat) { $0.patched(7, [1]) },
        .init("qcow2 of version 4", qcow2v3, .malformed) { $0.patched(7, [4]) },
        .init("qcow2 with an extension longer than its cluster", qcow2v3, .malformed) {
            $0.patched(112, bigEndian(UInt32(1)) + bigEndian(UInt32.max))
        },
        .init("qcow2 with compression of an unknown type", qcow2v3, .malformed) { $0.patched(104, [9]) },
        .init("qcow2 with clusters of 2^31", qcow2v3, .malformed) { $0.patched(23, [31]) },
        .init("qcow2 with a header of 4 GiB", qcow2v3, .malformed) { $0.patched(100, [0xFF, 0xFF, 0xFF, 0xF8]) },
    ]

    private static let vmdk: [Self] = [
        .init("vmdk with a parent's content id", sparse, .differencing) {
            $0.replacing("parentCID=ffffffff", by: "parentCID=12345678")
        },
        .init("vmdk with a parent named in a comment", sparse, .differencing) {
            $0.replacing("# The Disk Data Base", by: "#parentFileNameHint=")
        },
        .init("vmdk with change tracking", stream, .externalData) {
            $0.replacing("# The Disk Data Base", by: "changeTrackPath=\"/a\"")
        },
        .init("vmdk whose extent is flat", sparse, .foreignExtent) { $0.replacing(" SPARSE ", by: " FLAT   ") },
        .init("vmdk of the type monolithicFlat", sparse, .foreignExtent) {
            $0.replacing("\"monolithicSparse\"", by: "\"monolithicFlat\"  ")
        },
        .init("vmdk with an extent elsewhere", sparse, .foreignExtent) { $0.replacing("\"image\"", by: "\"/etc/\"") },
        .init("vmdk with a second extent", sparse, .foreignExtent) {
            $0.replacing("# The Disk Data Base", by: "RW 63 SPARSE \"image\"")
        },
        .init("vmdk with no extent", sparse, .foreignExtent) { $0.replacing("RW ", by: "# ") },
        .init("vmdk with a line of no known form", sparse, .unknownDescriptorLine) {
            $0.replacing("# The Disk Data Base", by: "@ The Disk Data Base")
        },
        .init("vmdk with its type said twice", sparse, .contradiction) {
            $0.replacing("# The Disk Data Base", by: "createType=\"custom\"")
        },
        .init("vmdk with bytes behind its descriptor", sparse, .contradiction) { $0.patched(512 + 20 * 512 - 1, [1]) },
        .init("vmdk without an end of its descriptor", sparse, .contradiction) {
            $0.patched(36, littleEndian(UInt64(1))).patched(900, [UInt8](repeating: 0x23, count: 124))
        },
        .init("vmdk of another size than its extent", sparse, .contradiction) {
            $0.patched(12, littleEndian(UInt64(1 << 30)))
        },
        .init("vmdk of 2^64 sectors", sparse, .absurdSize) { $0.patched(12, littleEndian(UInt64.max)) },
        .init("vmdk with a descriptor of 1 TiB", sparse, .absurdSize) { $0.patched(36, littleEndian(UInt64(1 << 31))) },
        .init("vmdk with its descriptor elsewhere", sparse, .malformed) { $0.patched(28, littleEndian(UInt64(9))) },
        .init("vmdk without descriptor", sparse, .foreignExtent) { $0.patched(28, littleEndian(UInt64(0))) },
        .init("vmdk that went through a text transfer", sparse, .malformed) { $0.patched(75, [0x0A]) },
        .init("vmdk that promises a footer", sparse, .malformed) { $0.patched(56, littleEndian(UInt64.max)) },
    ]

    private static let vhd: [Self] = [
        .init("vhd that is a difference", dynamic, .differencing) {
            $0.patched(63, [4]).vhdSummed(at: 0, length: 512, field: 64)
        },
        .init("fixed vhd that is a difference", fixed, .differencing) {
            $0.patched(-449, [4]).vhdSummed(at: -512, length: 512, field: 64)
        },
        .init("vhd with the id of a parent", dynamic, .differencing) {
            $0.patched(512 + 40, [1]).vhdSummed(at: 512, length: 1_024, field: 36)
        },
        .init("vhd with the name of a parent", dynamic, .differencing) {
            $0.patched(512 + 65, "a").vhdSummed(at: 512, length: 1_024, field: 36)
        },
        .init("vhd with the place of a parent", dynamic, .differencing) {
            $0.patched(512 + 576, "W2ku").vhdSummed(at: 512, length: 1_024, field: 36)
        },
        .init("vhd whose footer is another one", dynamic, .contradiction) {
            $0.patched(-512 + 48, bigEndian(UInt64(512))).vhdSummed(at: -512, length: 512, field: 64)
        },
        .init("vhd larger than its blocks", dynamic, .contradiction) {
            let size = bigEndian(UInt64(1 << 40))
            return $0.patched(48, size).vhdSummed(at: 0, length: 512, field: 64)
                .patched(-512 + 48, size).vhdSummed(at: -512, length: 512, field: 64)
        },
        .init("vhd without its footer", dynamic, .malformed) { $0.dropLast(512) },
        .init("vhd with a wrong checksum", dynamic, .malformed) { $0.patched(64, [0, 0, 0, 0]) },
        .init("fixed vhd of another size", fixed, .malformed) {
            $0.patched(-512 + 48, bigEndian(UInt64(512))).vhdSummed(at: -512, length: 512, field: 64)
        },
        .init("vhd with its second header at the end of the world", dynamic, .malformed) {
            $0.patched(16, bigEndian(UInt64(Int64.max - 3))).vhdSummed(at: 0, length: 512, field: 64)
        },
        .init("vhd of 2^64 bytes", dynamic, .absurdSize) {
            $0.patched(48, bigEndian(UInt64.max)).vhdSummed(at: 0, length: 512, field: 64)
        },
    ]

    private static let vdi: [Self] = [
        .init("vdi that is a difference", box, .differencing) { $0.patched(0x4C, littleEndian(UInt32(4))) },
        .init("vdi with a parent", box, .differencing) { $0.patched(0x1B8, [1]) },
        .init("vdi with a linked snapshot", box, .differencing) { $0.patched(0x1A8, [1]) },
        .init("vdi larger than its blocks", box, .contradiction) { $0.patched(0x176, [1]) },
        .init("vdi with 2^32 blocks", box, .absurdSize) { $0.patched(0x180, littleEndian(UInt32.max)) },
        .init("vdi of another version", box, .malformed) { $0.patched(0x46, [2]) },
        .init("vdi of an unknown type", box, .malformed) { $0.patched(0x4C, [9]) },
    ]

    private static let polyglots: [Self] = [
        .init("qcow2 that is a vdi", qcow2v3, .ambiguousFormat) {
            $0.patched(0x40, [0x7F, 0x10, 0xDA, 0xBE]).patched(0x44, littleEndian(UInt32(0x1_0001)))
        },
        .init("qcow2 that is an ISO", qcow2v3, .ambiguousFormat) {
            $0.patched(32_768, [1] + "CD001".utf8).patched(32_768 + 2_048, [255] + "CD001".utf8)
        },
        .init("vmdk with a partition table", sparse, .ambiguousFormat) {
            $0.patched(450, [0x83]).patched(458, littleEndian(UInt32(9))).patched(510, [0x55, 0xAA])
        },
        .init("vhdx that ends like a vhd", hyperV, .ambiguousFormat) {
            $0 + [UInt8](repeating: 0, count: 512).patched(0, "conectix").vhdSummed(at: 0, length: 512, field: 64)
        },
        .init("qcow2 that is a tape archive", qcow2v3, .ambiguousFormat) { $0.patched(257, "ustar") },
        .init("qcow2 that is an Apple disk image", qcow2v3, .ambiguousFormat) { $0.patched(-512, "koly") },
    ]

    private static let vhdx: [Self] = [
        .init("vhdx with a parent", hyperV, .differencing) {
            $0.patchedItem("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", plus: 4, [2])
        },
        .init("vhdx with the place of a parent", hyperV, .differencing) {
            $0.patched($0.metadata + 32, GUID.bytes("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C"))
        },
        .init("vhdx with required metadata of its own", hyperV, .unknownFeature) {
            $0.patched($0.metadata + 10, [6]).patched($0.metadata + 32 + 5 * 32, [7])
                .patched($0.metadata + 32 + 5 * 32 + 24, [4])
        },
        .init("vhdx with a required region of its own", hyperV, .unknownFeature) {
            $0.patched(196_608 + 8, [3]).patched(196_608 + 16 + 64, [7]).patched(196_608 + 16 + 64 + 28, [1])
                .vhdxSummed(at: 196_608, length: 65_536)
        },
        .init("vhdx with a full log", hyperV, .pendingLog) {
            $0.patched(65_536 + 48, [1]).vhdxSummed(at: 65_536, length: 4_096)
                .patched(131_072 + 48, [1]).vhdxSummed(at: 131_072, length: 4_096)
        },
        .init("vhdx with two region tables", hyperV, .contradiction) {
            $0.patched(262_144 + 60_000, [1]).vhdxSummed(at: 262_144, length: 65_536)
        },
        .init("vhdx with a broken region table", hyperV, .malformed) { $0.patched(196_608 + 60_000, [1]) },
        .init("vhdx without a valid header", hyperV, .malformed) {
            $0.patched(65_536 + 8, [9]).patched(131_072 + 8, [9])
        },
        .init("vhdx of 2^64 bytes", hyperV, .absurdSize) {
            $0.patchedItem("2FA54224-CD1B-4876-B211-5DBED83BF4B8", plus: 7, [0x80])
        },
    ]
}

extension [UInt8] {
    /// Where the metadata region of a vhdx begins.
    fileprivate var metadata: Int {
        let guid = GUID.bytes("8B7CA206-4790-4B9A-B8FE-575F050F886E")
        let entry = [196_624, 196_656].first { self[$0..<($0 + 16)].elementsEqual(guid) } ?? 0
        return number(entry + 16, 8)
    }

    /// Changes a metadata item of a vhdx.
    fileprivate func patchedItem(_ guid: String, plus place: Int, _ bytes: [UInt8]) -> [UInt8] {
        let guid = GUID.bytes(guid)
        let entries = (0..<5).map { metadata + 32 + $0 * 32 }
        let entry = entries.first { self[$0..<($0 + 16)].elementsEqual(guid) } ?? 0
        return patched(metadata + number(entry + 16, 4) + place, bytes)
    }

    private func number(_ place: Int, _ length: Int) -> Int {
        self[place..<(place + length)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}

@Suite("Dangerous twins of good images", .enabled(if: QemuImage.isInstalled, "qemu-img is not installed."))
struct DangerousTwinTests {
    @Test("Each twin is refused for the right rule, however the stream is cut", arguments: DangerousTwin.all)
    func refused(_ twin: DangerousTwin) throws {
        let good = try twin.base.bytes(of: noise(60_000))
        let bytes = twin.change(good)
        #expect(!inspect(good).isRefused)
        let report = inspect(bytes)
        #expect(report.broken.contains(twin.rule), "found \(report.findings)")
        let first = try #require(refusal(of: bytes))
        #expect(first.error.findings.contains { $0.severity == .error })
        for cut in bytes.count > 1 << 20 ? Cut.few : Cut.many {
            #expect(inspect(bytes, cut) == report, "cut \(cut)")
            let other = try #require(refusal(of: bytes, cut))
            #expect(other.error.findings == first.error.findings, "cut \(cut)")
            #expect(other.after == first.after, "cut \(cut)")
        }
        let beginning = Array(bytes.prefix(12_000))
        for cut in Cut.small { #expect(inspect(beginning, cut) == inspect(beginning), "cut \(cut)") }
        let end = bytes.count / 2 / 4_096 * 4_096
        #expect(resumed(bytes, at: end).report == report, "interrupted at \(end)")
    }

    @Test("What may be relaxed becomes a warning, and nothing else does", arguments: DangerousTwin.all)
    func relaxed(_ twin: DangerousTwin) throws {
        let bytes = twin.change(try twin.base.bytes(of: noise(60_000)))
        let strict = inspect(bytes)
        let report = inspect(bytes, expecting: ImageExpectations(relaxed: Set(SafetyRule.allCases)))
        #expect(report.rules == strict.rules)
        for finding in report.findings where finding.severity == .error {
            #expect(!finding.rule.entry.isRelaxable, "\(finding)")
        }
    }

    @Test(
        "A vmdk whose content id QEMU has written anew with fewer digits is good, one with other bytes there is not",
        arguments: 1...7)
    func shorterContentID(_ digits: Int) throws {
        let base = QemuCase(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=monolithicSparse"])
        let good = try base.bytes(of: noise(60_000))
        let text = String(decoding: good[512...].prefix { $0 != 0 }, as: UTF8.self)
        func texts(_ id: String) -> [UInt8] { Array(text.replacing(/\nCID=[0-9a-f]+/, with: "\nCID=\(id)").utf8) + [0] }
        let shorter = texts(String(repeating: "a", count: digits))
        let bytes = good.patched(512, texts("aaaaaaaa")).patched(512, shorter)
        #expect(!inspect(bytes).isRefused, "\(inspect(bytes).findings)")
        let report = inspect(bytes.patched(512 + shorter.count, [0x23]))
        #expect(report.broken.contains(.contradiction), "\(report.findings)")
    }

    @Test("Many findings of a relaxed rule do not hide one of another rule")
    func crowded() throws {
        let base = QemuCase(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=monolithicSparse"])
        let lines = String(repeating: "@\n", count: 40) + "parentCID=12345678\n"
        let bytes = try base.bytes(of: noise(60_000)).replacing("parentCID=ffffffff\n", by: lines)
        let report = inspect(bytes, expecting: ImageExpectations(relaxed: [.unknownDescriptorLine]))
        #expect(report.broken.contains(.differencing))
        #expect(report.findings.count < 10)
    }

    @Test("The dirty bit is a warning")
    func dirty() throws {
        let bytes = try QemuCase(format: .qcow2, qemuFormat: "qcow2").bytes().patched(79, [1])
        #expect(inspect(bytes).rules == [.unclean])
        #expect(refusal(of: bytes) == nil)
    }
}
