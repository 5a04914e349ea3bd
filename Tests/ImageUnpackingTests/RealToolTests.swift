import Foundation
import ImageUnpacking
import Testing

@Suite("Wrappers by the tools that people use", .timeLimit(.minutes(20)))
struct RealToolTests {
    /// A way to pack the file `disk` into the file `image`.
    struct Maker: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let wrapper: String
        let script: String
    }

    static let makers: [Maker] = [
        Maker(testDescription: "gzip -9", wrapper: "gzip", script: "gzip -9 -c disk > image"),
        Maker(testDescription: "xz, several blocks", wrapper: "xz", script: "xz -0 --block-size=60000 -c disk > image"),
        Maker(testDescription: "xz -9e", wrapper: "xz", script: "xz -9e -c disk > image"),
        Maker(testDescription: "zstd -19", wrapper: "zstd", script: "zstd -q -19 -c disk > image"),
        Maker(testDescription: "bzip2 -1", wrapper: "bzip2", script: "bzip2 -1 -c disk > image"),
        Maker(testDescription: "lz4 with a checksum", wrapper: "lz4", script: "lz4 -q -9 -c disk > image"),
        Maker(
            testDescription: "lz4 of small blocks", wrapper: "lz4",
            script: "lz4 -q -B4 -BD --content-size -c disk > image"),
        Maker(testDescription: "zip", wrapper: "zip", script: "zip -q a.zip disk; mv a.zip image"),
        Maker(testDescription: "zip, stored", wrapper: "zip", script: "zip -q -0 a.zip disk; mv a.zip image"),
        Maker(
            testDescription: "zip to a pipe, with a directory and a comment", wrapper: "zip",
            script: "mkdir d; mv disk d; echo hello | zip -q -z -r - d | cat > image; mv d/disk ."),
        Maker(testDescription: "zip by bzip2", wrapper: "zip", script: "zip -q -Z bzip2 a.zip disk; mv a.zip image"),
        Maker(testDescription: "tar v7", wrapper: "tar", script: "tar --format=v7 -cf image disk"),
        Maker(testDescription: "tar pax", wrapper: "tar", script: "tar --format=posix -cf image disk"),
        Maker(
            testDescription: "tar, sparse, as cloud vendors ask for", wrapper: "tar+gzip",
            script: "truncate -s 3000000 disk; tar --format=oldgnu -Sczf image disk"),
        Maker(
            testDescription: "tar, sparse, pax", wrapper: "tar+zstd",
            script: "truncate -s 3000000 disk; tar --format=posix -S -cf - disk | zstd -q > image"),
        Maker(
            testDescription: "tar, only a hole", wrapper: "tar",
            script: "truncate -s 0 disk; truncate -s 3000000 disk; tar --format=gnu -S -cf image disk"),
        Maker(
            testDescription: "tar with a directory", wrapper: "tar+xz",
            script: "mkdir d; cp disk d; tar -cf - d | xz -0 > image"),
    ]

    @Test("Each is undone, however the stream is cut", arguments: makers)
    func undone(_ maker: Maker) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pack-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(sampleDisk(200_001)).write(to: directory.appendingPathComponent("disk"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-ec", maker.script]
        process.currentDirectoryURL = directory
        try process.run()
        process.waitUntilExit()
        let isRequired = ProcessInfo.processInfo.environment["LONGSHORE_REQUIRE_SERVICES"] != nil
        guard process.terminationStatus == 0 else {
            #expect(!isRequired, "\(maker.script) failed")
            return
        }
        let packed = try [UInt8](Data(contentsOf: directory.appendingPathComponent("image")))
        let disk = try [UInt8](Data(contentsOf: directory.appendingPathComponent("disk")))
        for cut in [997, 1 << 16] {
            let unpacked = try await Unpacker().unpacked(packed, cut: cut)
            #expect(unpacked.bytes.count == disk.count)
            #expect(unpacked.bytes.elementsEqual(disk) == true)
            #expect(unpacked.wrapper == maker.wrapper)
        }
    }
}
