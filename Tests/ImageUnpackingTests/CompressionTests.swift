import ImageModel
import ImageUnpacking
import PackedImages
import Testing

@Suite("Compressed disks", .timeLimit(.minutes(20)))
struct CompressionTests {
    private let disk = sampleDisk(300_007)

    @Test(
        "Each compression is undone, in the same way however the stream is cut", arguments: Packer.Compression.allCases)
    func undone(_ compression: Packer.Compression) async throws {
        let packed = Packer.compress(disk, compression)
        for cut in [997, 4_096, 1 << 16] {
            let unpacked = try await Unpacker(chunkSize: 1 << 16).unpacked(packed, cut: cut)
            #expect(unpacked.bytes == disk, "in chunks of \(cut)")
            #expect(unpacked.wrapper == compression.rawValue)
            #expect(unpacked.chunks.dropLast().allSatisfy { $0 == 1 << 16 })
        }
    }

    @Test("A stream that comes byte by byte is undone too", arguments: Packer.Compression.allCases)
    func byteByByte(_ compression: Packer.Compression) async throws {
        let disk = sampleDisk(9_001)
        let packed = Packer.compress(disk, compression)
        for cut in [1, 17, 512] {
            #expect(try await Unpacker(chunkSize: 4_096).unpacked(packed, cut: cut).bytes == disk)
        }
    }

    @Test("What was packed in several runs is one disk", arguments: Packer.Compression.allCases)
    func concatenated(_ compression: Packer.Compression) async throws {
        let packed = Packer.compress(disk, compression) + Packer.compress(Array("rest".utf8), compression)
        let unpacked = try await Unpacker().unpacked(packed)
        #expect(unpacked.bytes == disk + Array("rest".utf8))
    }

    @Test("A wrapper that ends early is refused wherever it ends", arguments: Packer.Compression.allCases)
    func truncated(_ compression: Packer.Compression) async throws {
        let packed = Packer.compress(sampleDisk(20_000), compression)
        for end in Set([10, 18, 40, 100, packed.count / 3, packed.count / 2] + (1...9).map { packed.count - $0 }) {
            let (_, error) = try await Unpacker().failure(of: Array(packed[..<end]))
            #expect(
                error?.code == .decompressionFailed, "after \(end) of \(packed.count): \(error?.message ?? "nothing")")
        }
    }

    // libarchive writes zstd without the checksum that the zstd tool adds.
    @Test("One flipped bit never goes by unseen", arguments: Packer.Compression.allCases.filter { $0 != .zstd })
    func corrupt(_ compression: Packer.Compression) async throws {
        let disk = sampleDisk(20_000)
        let packed = Packer.compress(disk, compression)
        for place in stride(from: 0, to: packed.count, by: max(1, packed.count / 41)) {
            var broken = packed
            broken[place] ^= 0x10
            let unpacked = try? await Unpacker().unpacked(broken)
            #expect(unpacked == nil || unpacked?.bytes == disk, "byte \(place) of \(packed.count)")
        }
    }

    @Test(
        "Nothing may follow, not even zeros", arguments: Packer.Compression.allCases,
        [[0x00], Array("more than that".utf8)])
    func trailing(_ compression: Packer.Compression, _ rest: [UInt8]) async throws {
        let packed = Packer.compress(disk, compression) + rest
        let (count, error) = try await Unpacker(chunkSize: 4_096).failure(of: packed, cut: 1_000)
        #expect(error?.code == .decompressionFailed, "\(count) bytes: \(error?.message ?? "nothing")")
    }

    @Test("The padding that belongs to xz may stand between and behind streams")
    func padding() async throws {
        let packed = Packer.compress(disk, .xz) + [0, 0, 0, 0] + Packer.compress(disk, .xz) + [0, 0, 0, 0]
        #expect(try await Unpacker().unpacked(packed).bytes == disk + disk)
    }

    @Test("A second wrapper inside is left as it is", arguments: Packer.Compression.allCases)
    func nested(_ compression: Packer.Compression) async throws {
        let disk = sampleDisk(30_007)
        for inner in Packer.Compression.allCases {
            let once = Packer.compress(disk, inner)
            let unpacked = try await Unpacker().unpacked(Packer.compress(once, compression))
            #expect(unpacked.bytes == once && unpacked.wrapper == compression.rawValue)
        }
    }

    // libarchive cannot write an empty lz4 frame.
    @Test("Nothing at all, compressed, is no disk", arguments: Packer.Compression.allCases.filter { $0 != .lz4 })
    func empty(_ compression: Packer.Compression) async throws {
        let packed = Packer.compress([], compression)
        let (count, _) = try await Unpacker().failure(of: packed)
        #expect(count == 0)
    }
}
