import ImageModel
import ImageUnpacking
import PackedImages
import Testing

@Suite("Bombs", .timeLimit(.minutes(20)))
struct BombTests {
    /// More than comes out whatever the ratio.
    private static let size = 70 << 20

    @Test("A compression bomb ends where its ratio is seen", arguments: Packer.Compression.allCases)
    func compression(_ compression: Packer.Compression) async throws {
        let packed = Packer.compress(zeros: Self.size, compression)
        let (count, error) = try await Unpacker(limits: UnpackLimits(ratio: 20)).failure(of: packed)
        #expect(error?.code == .decompressionLimit, "\(error?.message ?? "nothing")")
        #expect(count <= UnpackLimits.freeBytes)
    }

    @Test("So does one in an archive, with and without a compression around it", arguments: Packer.Archive.allCases)
    func archive(_ archive: Packer.Archive) async throws {
        let packed = Packer.archive(zeros: Self.size, as: archive, archive == .zip ? nil : .zstd)
        let (count, error) = try await Unpacker().failure(of: packed)
        #expect(error?.code == .decompressionLimit, "\(error?.message ?? "nothing")")
        #expect(count <= UnpackLimits.freeBytes)
    }

    @Test("A bomb in a bomb is undone once", arguments: [Packer.Compression.gzip, .zstd])
    func nested(_ compression: Packer.Compression) async throws {
        let inner = Packer.compress(zeros: Self.size, compression)
        let (count, error) = try await Unpacker().failure(of: Packer.compress(inner, compression))
        #expect(error == nil && count == inner.count)
    }

    @Test("The ratio is that of the whole when the source tells how long it is")
    func announced() async throws {
        // Zeros first: on the way the ratio is far beyond what it is in the end.
        let packed = Packer.compress(zeros: 70 << 20, .gzip) + Packer.compress(sampleDisk(1 << 20), .gzip)
        let limits = UnpackLimits(ratio: 300)
        #expect(try await Unpacker(limits: limits).failure(of: packed, announced: Int64(packed.count)).1 == nil)
        #expect(try await Unpacker(limits: limits).failure(of: packed).1?.code == .decompressionLimit)
    }

    @Test("No more comes out than is allowed, to the byte", arguments: [0, 1])
    func bytes(excess: Int) async throws {
        for packed in [
            Packer.compress(sampleDisk(50_000), .xz), Packer.archive([.init("d", sampleDisk(50_000))], as: .zip),
        ] {
            let limits = UnpackLimits(bytes: Int64(50_000 - excess))
            let (count, error) = try await Unpacker(limits: limits, chunkSize: 4_096).failure(of: packed)
            #expect(error?.code == (excess == 0 ? nil : .decompressionLimit))
            #expect(count <= 50_000 - excess)
        }
    }

    @Test("Unpacking that takes longer than it may is ended")
    func time() async throws {
        let packed = Packer.compress(sampleDisk(1 << 20), .bzip2)
        let (_, error) = try await Unpacker(limits: UnpackLimits(time: .microseconds(1))).failure(of: packed)
        #expect(error?.code == .decompressionLimit)
    }

    @Test("A header that demands gigabytes of memory gets none")
    func memory() async throws {
        // The dictionary of the first block, 1.5 GiB, is written in its header; the checksum behind it is made right.
        var packed = Packer.compress(sampleDisk(50_000), .xz)
        #expect(packed[14..<16].elementsEqual([0x21, 0x01]))
        packed[16] = 39
        let header = packed[12..<20]
        for (index, byte) in checksum(header).enumerated() { packed[20 + index] = byte }
        let (count, error) = try await Unpacker().failure(of: packed)
        #expect(error?.code == .decompressionLimit && count == 0, "\(error?.message ?? "nothing")")
    }

    @Test("The map of a sparse file is kept in memory, and so bounded")
    func sparseMap() async throws {
        let map = "1500000\n" + String(repeating: "0\n0\n", count: 1_500_000)
        let packed = Packer.sparse(map: Array(map.utf8))
        let (_, error) = try await Unpacker().failure(of: packed)
        #expect(error?.code == .decompressionLimit, "\(error?.message ?? "nothing")")
    }

    @Test("Holes of a sparse file come out as zeros, and count like other bytes")
    func holes() async throws {
        let data = sampleDisk(1_024)
        let packed = Packer.sparse(map: Array("2\n4096\n1024\n99999\n0\n".utf8), data: data, size: 99_999)
        let zeros = { [UInt8](repeating: 0, count: $0) }
        #expect(try await Unpacker().unpacked(packed).bytes == zeros(4_096) + data + zeros(99_999 - 5_120))
        let huge = Packer.sparse(map: Array("1\n1000000000000\n0\n".utf8), size: 1_000_000_000_000)
        let (count, error) = try await Unpacker().failure(of: huge)
        #expect(error?.code == .decompressionLimit, "\(count) bytes, \(error?.message ?? "nothing")")
        #expect(count <= UnpackLimits.freeBytes)
    }

    /// CRC-32 of ISO 3309, little-endian.
    private func checksum(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: ~value >> (8 * UInt32($0))) }
    }
}
