import ImageModel
import Testing

@testable import ImageInspection

@Suite("What the bytes of an image are held to")
struct ExpectationTests {
    private static let qcow2 = [UInt8](repeating: 0, count: 200_000)
        .patched(0, [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 2]).patched(20, bigEndian(UInt32(16)))
        .patched(24, bigEndian(UInt64(1 << 20))).patched(36, bigEndian(UInt32(1)))

    private func failure(_ bytes: [UInt8], _ expectations: ImageExpectations) throws -> (FailureCode, Int64)? {
        let first = refusal(of: bytes, expecting: expectations)
        for cut in Cut.many + [.every(17)] {
            let other = refusal(of: bytes, cut, expecting: expectations)
            #expect(other?.error.findings == first?.error.findings)
            #expect(other?.after == first?.after)
        }
        return first.map { ($0.error.code, $0.after) }
    }

    @Test("A declared format is compared as soon as the header tells another one")
    func mismatch() throws {
        let vmdk = try #require(try failure(Self.qcow2, ImageExpectations(format: .vmdk)))
        #expect(vmdk == (.formatMismatch, 8))
        let raw = try #require(try failure(Self.qcow2, ImageExpectations(format: .raw)))
        #expect(raw == (.formatMismatch, 8))
        #expect(try failure(Self.qcow2, ImageExpectations(format: .qcow2)) == nil)
    }

    @Test("Raw bytes that were declared something else are found out at the header, or at the end for a fixed vhd")
    func notTheFormat() throws {
        let bytes = noise(150_000)
        let qcow2 = try #require(try failure(bytes, ImageExpectations(format: .qcow2)))
        #expect(qcow2 == (.formatMismatch, 8))
        let vhd = try #require(try failure(bytes, ImageExpectations(format: .vhd)))
        #expect(vhd == (.formatMismatch, 150_000))
        #expect(try failure(bytes, ImageExpectations(format: .raw)) == nil)
    }

    @Test("What only its vendor can look into is accepted with a warning, unless it shows what it is")
    func opaque() throws {
        let expectations = ImageExpectations(opaqueFormat: "zvhd2")
        let report = inspect(noise(150_000), expecting: expectations)
        #expect(report.format == .raw && !report.isRefused)
        #expect(report.findings.map(\.rule) == [.opaqueFormat])
        #expect(report.findings.first?.severity == .warning)
        #expect(report.findings.first?.message.contains("zvhd2") == true)
        let qcow2 = try #require(try failure(Self.qcow2, expectations))
        #expect(qcow2 == (.formatMismatch, 8))
        let disk = noise(150_000).patched(446, [UInt8](repeating: 0, count: 64)).patched(510, [0x55, 0xAA])
            .patched(450, [0x83]).patched(454, [1]).patched(458, [1])
        #expect(try failure(disk, expectations)?.0 == .formatMismatch)
        #expect(try failure(disk, ImageExpectations()) == nil)
    }

    @Test("A disk beyond a limit is refused by its header")
    func limits() throws {
        let large = try #require(try failure(Self.qcow2, ImageExpectations(virtualSizeLimit: 1 << 19)))
        #expect(large == (.sizeLimit, 72))
        let small = try #require(try failure(Self.qcow2, ImageExpectations(minimumDisk: 1 << 19)))
        #expect(small == (.minDiskTooSmall, 72))
        #expect(try failure(Self.qcow2, ImageExpectations(virtualSizeLimit: 1 << 20, minimumDisk: 1 << 20)) == nil)
    }

    @Test("A raw disk is refused where it passes a limit, and one that just fits is not", arguments: [0, 1, 512, 513])
    func rawLimits(_ excess: Int) throws {
        let bytes = noise(100_000 + excess)
        let found = try failure(bytes, ImageExpectations(minimumDisk: 100_000))
        #expect(found?.0 == (excess == 0 ? nil : .minDiskTooSmall))
        if let found { #expect(found.1 == 100_000 + min(Int64(excess), 513)) }
    }

    @Test("A refusal that was relaxed is still told, as a warning")
    func relaxed() {
        let gzip: [UInt8] = [0x1F, 0x8B, 0x08, 0x00] + noise(5_000)
        #expect(inspect(gzip).broken == [.wrapped])
        let report = inspect(gzip, expecting: ImageExpectations(relaxed: [.wrapped]))
        #expect(report.findings.map(\.severity) == [.warning])
        #expect(report.format == .gzip)
    }
}
