import ImageModel
import ImageUnpacking
import PackedImages
import Testing

@Suite("Disks in archives", .timeLimit(.minutes(20)))
struct ArchiveTests {
    private let disk = sampleDisk(300_007)

    @Test("The only file of an archive is the disk, however the stream is cut", arguments: Packer.Archive.allCases)
    func onlyFile(_ archive: Packer.Archive) async throws {
        let packed = Packer.archive([.init("disk.raw", disk)], as: archive)
        for cut in [997, 4_096, 1 << 16] {
            let unpacked = try await Unpacker(chunkSize: 1 << 16).unpacked(packed, cut: cut)
            #expect(unpacked.bytes == disk, "in chunks of \(cut)")
            #expect(unpacked.wrapper == (archive == .zip ? "zip" : "tar"))
        }
    }

    @Test("An archive that comes byte by byte is undone too", arguments: Packer.Archive.allCases)
    func byteByByte(_ archive: Packer.Archive) async throws {
        let disk = sampleDisk(5_001)
        let packed = Packer.archive([.init("disk", disk)], as: archive)
        for cut in [1, 17, 512] {
            #expect(try await Unpacker(chunkSize: 4_096).unpacked(packed, cut: cut).bytes == disk)
        }
    }

    @Test("A compressed tar counts as one wrapper", arguments: Packer.Compression.allCases)
    func compressedTar(_ compression: Packer.Compression) async throws {
        let packed = Packer.archive(
            [.init("images/", kind: .directory), .init("images/disk.raw", disk)], as: .gnutar, compression)
        for cut in [997, 1 << 16] {
            let unpacked = try await Unpacker().unpacked(packed, cut: cut)
            #expect(unpacked.bytes == disk && unpacked.wrapper == "tar+\(compression.rawValue)")
        }
    }

    @Test("A stored zip is undone like a deflated one")
    func storedZip() async throws {
        let packed = Packer.archive([.init("disk", disk)], as: .zip, options: "zip:compression=store")
        #expect(try await Unpacker().unpacked(packed, cut: 1_000).bytes == disk)
    }

    @Test("An archive in a zip, or a compressed disk in a tar, is left packed")
    func nested() async throws {
        let tar = Packer.archive([.init("disk", disk)], as: .ustar)
        #expect(try await Unpacker().unpacked(Packer.archive([.init("disk.tar", tar)], as: .zip)).bytes == tar)
        let gzip = Packer.compress(disk, .gzip)
        #expect(try await Unpacker().unpacked(Packer.archive([.init("disk.gz", gzip)], as: .ustar)).bytes == gzip)
    }

    /// An archive that is no image.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var code = FailureCode.decompressionFailed
        var archives = Packer.Archive.allCases
        let members: [Packer.Member]
    }

    static let cases: [Case] = [
        Case(testDescription: "two files", members: [.init("a", [1, 2]), .init("b", [3])]),
        Case(testDescription: "no file", members: [.init("a/", kind: .directory)]),
        Case(testDescription: "a name that climbs", code: .imageUnsafe, members: [.init("../disk", [1])]),
        Case(testDescription: "a name inside that climbs", code: .imageUnsafe, members: [.init("a/../../disk", [1])]),
        Case(testDescription: "a name from the root", code: .imageUnsafe, members: [.init("/etc/passwd", [1])]),
        Case(testDescription: "a name of Windows", code: .imageUnsafe, members: [.init("..\\disk", [1])]),
        Case(
            testDescription: "a symbolic link", code: .imageUnsafe, archives: [.ustar, .gnutar, .pax],
            members: [.init("disk", kind: .symbolicLink("/etc/passwd"))]),
        Case(
            testDescription: "a hard link", code: .imageUnsafe, archives: [.ustar, .gnutar, .pax],
            members: [.init("disk", [1]), .init("other", kind: .hardLink("disk"))]),
        Case(
            testDescription: "too many members", code: .decompressionLimit,
            members: (0...128).map { .init("d\($0)/", kind: .directory) }),
    ]

    @Test("What is not one disk is refused", arguments: cases)
    func refused(_ test: Case) async throws {
        for archive in test.archives {
            let packed = Packer.archive(test.members, as: archive)
            let (_, error) = try await Unpacker().failure(of: packed)
            #expect(error?.code == test.code, "\(archive): \(error?.message ?? "nothing")")
        }
    }

    @Test("An archive that ends early is refused wherever it ends", arguments: Packer.Archive.allCases)
    func truncated(_ archive: Packer.Archive) async throws {
        let packed = Packer.archive([.init("disk", sampleDisk(20_000))], as: archive)
        // Behind the two blocks that end a tar there are more, which mean nothing.
        let end = archive == .zip ? packed.count : 512 + 20_480 + 1_024
        let ends = [512, 513, 1_024, 5_000, 20_000, end - 1_025, end - 1_024, end - 1_023, end - 600, end - 1]
        for end in ends where end < packed.count {
            let (_, error) = try await Unpacker().failure(of: Array(packed[..<end]))
            #expect(error?.code == .decompressionFailed, "after \(end): \(error?.message ?? "nothing")")
        }
    }

    @Test("Nothing but zeros may follow a tar, and nothing a zip")
    func trailing() async throws {
        let tar = Packer.archive([.init("disk", disk)], as: .ustar)
        let zip = Packer.archive([.init("disk", disk)], as: .zip)
        let zeros = [UInt8](repeating: 0, count: 100_000)
        #expect(try await Unpacker().unpacked(tar + zeros).bytes == disk)
        for packed in [tar + zeros + [1], tar + tar, zip + [0], zip + zip, zip + zeros + zeros + zeros] {
            let (_, error) = try await Unpacker().failure(of: packed)
            #expect(error?.code == .decompressionFailed, "\(error?.message ?? "nothing")")
        }
    }

    @Test("A flipped bit in a zip is noticed")
    func corruptZip() async throws {
        let packed = Packer.archive([.init("disk", sampleDisk(20_000))], as: .zip)
        for place in stride(from: 60, to: packed.count - 200, by: 509) {
            var broken = packed
            broken[place] ^= 1
            let (_, error) = try await Unpacker().failure(of: broken)
            #expect(error?.code == .decompressionFailed, "byte \(place)")
        }
    }
}
