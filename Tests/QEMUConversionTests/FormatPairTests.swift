import ImageConversion
import ImageInspection
import ImageModel
import QEMUConversion
import Testing

/// A format to convert from and one to convert to.
struct FormatPair: Sendable, CustomTestStringConvertible {
    let source: ImageFormat
    let target: ImageFormat
    var testDescription: String { "\(source.rawValue) → \(target.rawValue)" }

    static let all: [Self] = {
        let formats: [ImageFormat] = [.raw, .qcow2, .vmdk, .vhd, .vhdx, .vdi]
        return formats.flatMap { source in
            formats.filter { $0 != source }.map { Self(source: source, target: $0) }
        }
    }()
}

@Suite("Conversions between all formats", .timeLimit(.minutes(10)))
struct FormatPairTests {
    /// A disk with a partition table, data at both ends, and much nothing between.
    static let disk: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 5 << 20)
        var word: UInt64 = 7
        for place in Array(0..<100_000) + Array((bytes.count - 70_000)..<bytes.count) {
            word = word &* 6_364_136_223_846_793_005 &+ 1
            bytes[place] = UInt8(truncatingIfNeeded: word >> 33)
        }
        (bytes[510], bytes[511]) = (0x55, 0xAA)
        for place in 446..<510 { bytes[place] = 0 }
        return bytes
    }()

    @Test("The disk is the same, its size too, and the inspector passes what was made", arguments: FormatPair.all)
    func converts(_ pair: FormatPair) async throws {
        let bench = try Bench()
        try bench.write(Self.disk, to: "disk")
        let options = pair.source == .vhd ? ["-o", "force_size=on"] : []
        try #require(
            qemu(["convert", "-f", "raw", "-O", pair.source.driver] + options + ["disk", "before"], in: bench.root) == 0
        )
        let converter = try await bench.converter()
        try await converter.requireReady()
        let result = try await converter.convert(bench.bytes(of: "before"), .roomy(pair.source, pair.target))
        let report = try inspect(result)
        #expect(report.format.imageFormat == pair.target)
        #expect(report.virtualSize == Int64(Self.disk.count))
        try bench.write(result, to: "after")
        #expect(try qemu(["compare", "-f", "raw", "-F", pair.target.driver, "disk", "after"], in: bench.root) == 0)
        #expect(bench.workspaces.isEmpty)
    }

    @Test("An ISO image is neither read nor made", arguments: [ImageFormat.raw, .iso])
    func noDisk(_ format: ImageFormat) async throws {
        let bench = try Bench()
        let converter = try await bench.converter()
        await #expect(throws: ConversionError(.conversionFailed, "")) {
            try await converter.convert([0], .roomy(format, .iso))
        }
        await #expect(throws: ConversionError(.conversionFailed, "")) {
            try await converter.convert([0], .roomy(.iso, .qcow2))
        }
    }
}
