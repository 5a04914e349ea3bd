import Foundation
import ImageModel
import PackedImages
import TestSupport
import Testing

@Suite("Images that are served packed", .needsBroker, .timeLimit(.minutes(10)))
struct UnpackingTests {
    /// A qcow2 of 1 MiB, version 2.
    static let qcow2: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 200_000)
        let fields: [(Int, [UInt8])] = [
            (0, [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 2]), (23, [16]), (29, [0x10]), (39, [1]),
        ]
        for (place, field) in fields { bytes.replaceSubrange(place..<(place + field.count), with: field) }
        return bytes
    }()

    @Test("What is stored is the disk inside, and both its digests and those of what was served are told")
    func imported() async throws {
        try await withSite { site in
            let packed = Packer.compress(Self.qcow2, .gzip)
            site.origin.serve("/disk.qcow2.gz", .bytes(packed).etag("\"v1\""))
            let worker = try site.startWorker()
            var job = site.importJob("job-1", image: "image-1", path: "/disk.qcow2.gz")
            job = job.setting("digests", to: ["sha256", "md5"])
            job = job.setting(
                "expect",
                to: [
                    "size": .integer(packed.count), "format": "qcow2",
                    "digests": ["sha256": .string(sha256(packed))],
                ])
            try await site.publish(job)
            let end = try await site.end(of: "job-1")
            let shown = try await site.run("images", "show", "image-1")
            try await site.stop(worker)
            #expect(end.phase == "completed", "\(end.data)")
            #expect(end.data["source", "wrapper"].text == "gzip")
            #expect(end.data["source", "size"].number == packed.count)
            #expect(end.data["source", "digests", "sha256"].text == sha256(packed))
            for image in [end.data["image"], shown.json] {
                #expect(image["format"].text == "qcow2")
                #expect(image["size"].number == 200_000)
                #expect(image["virtual_size"].number == 1 << 20)
                #expect(image["digests", "sha256"].text == sha256(Self.qcow2))
                #expect(image["digests", "md5"].text?.count == 32)
            }
            #expect(try await site.storedBytes(of: "image-1") == Self.qcow2)
            #expect(try await site.unpublished().isEmpty)
        }
    }

    @Test("Each compression is undone, and none when the job says so", arguments: Packer.Compression.allCases)
    func compressions(_ compression: Packer.Compression) async throws {
        try await withSite { site in
            let packed = Packer.compress(Self.qcow2, compression)
            site.origin.serve("/image", .bytes(packed))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let plain = site.importJob("job-2", image: "image-2", path: "/image")
            try await site.publish(plain.setting("transform", "decompress", to: "none"))
            #expect(try await site.end(of: "job-1").data["source", "wrapper"].text == compression.rawValue)
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.stop(worker)
            #expect(try await site.storedBytes(of: "image-1") == Self.qcow2)
            #expect(try await site.storedBytes(of: "image-2") == packed)
        }
    }

    @Test("A connection that is cut while an image is unpacked goes on where it was cut")
    func cut() async throws {
        try await withSite { site in
            let disk = PatternBytes(size: 9 << 20)
            let image = OriginAnswer.bytes(Packer.compress(disk.all, .gzip)).etag("\"v1\"")
            site.origin.serve(
                "/image", image.hangingUp(after: 2 << 20 + 9), image.hangingUp(after: 5 << 20 + 9), image)
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 1))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "completed"])
            let ranges = site.origin.journal.entries.requests(for: "/image").map { $0["range"] }
            #expect(ranges == [nil, "bytes=\(2 << 20)-", "bytes=\(5 << 20)-"])
            #expect(try await site.storedBytes(of: "image-1") == disk.all)
        }
    }

    @Test("An import whose worker dies while it unpacks begins again, and ends once with the right bytes")
    func killed() async throws {
        try await withSite { site in
            let gate = Gate()
            let disk = PatternBytes(size: 40 << 20)
            let image = OriginAnswer.bytes(Packer.compress(disk.all, .gzip)).etag("\"v1\"")
            site.origin.serve("/image", image.holding(after: 35 << 20, until: gate), image)
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            first.signal(SIGKILL)
            #expect(try await first.waitForEnd() == .signalled(SIGKILL))
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
            #expect(site.origin.journal.entries.requests(for: "/image").map { $0["range"] } == [nil, nil])
            try await site.expectEndedOnce("job-1")
            #expect(try await site.storedBytes(of: "image-1") == disk.all)
            #expect(site.objects.count == 1 && site.staged.isEmpty)
        }
    }

    @Test("What unpacks to hundreds of megabytes needs no memory for them")
    func memory() async throws {
        try await withSite(["limits.unpack_ratio": "1000000"]) { site in
            let size = 256 << 20
            site.origin.serve("/image", .bytes(Packer.archive(zeros: size, as: .ustar, .zstd)))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let end = try await site.end(of: "job-1")
            let peak = try worker.peakMemory()
            try await site.stop(worker)
            #expect(end.data["image", "size"].number == size, "\(end.data)")
            #expect(peak < size * 3 / 4, "\(peak >> 20) MiB")
        }
    }

    /// A packed image that must not come in.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        let packed: @Sendable () -> [UInt8]
        var expect: JSON?
        var settings: [String: String] = [:]
    }

    static let cases: [Case] = [
        Case(testDescription: "a bomb", code: "decompression_limit") { Packer.compress(zeros: 200 << 20, .zstd) },
        Case(
            testDescription: "more than is allowed", code: "decompression_limit",
            packed: { Packer.compress(qcow2, .zstd) }, settings: ["limits.unpacked_bytes": "199999"]),
        Case(testDescription: "damage", code: "decompression_failed") {
            Array(Packer.compress(qcow2, .xz).dropLast())
        },
        Case(testDescription: "a wrapper in a wrapper", code: "image_unsafe") {
            Packer.compress(Packer.compress(qcow2, .xz), .gzip)
        },
        Case(
            testDescription: "a wrong digest of what is served", code: "digest_mismatch",
            packed: { Packer.compress(qcow2, .gzip) }, expect: ["digests": ["sha256": .string(sha256(qcow2))]]),
        Case(
            testDescription: "another size than expected", code: "size_mismatch",
            packed: { Packer.compress(qcow2, .gzip) }, expect: ["size": 200_000]),
        Case(
            testDescription: "another format inside", code: "format_mismatch",
            packed: { Packer.compress(qcow2, .lz4) }, expect: ["format": "vmdk"]),
    ]

    @Test("What is packed wrongly, or is wrong inside, fails with its code and leaves no byte", arguments: cases)
    func refused(_ test: Case) async throws {
        try await withSite(test.settings) { site in
            site.origin.serve("/image", .bytes(test.packed()))
            let worker = try site.startWorker()
            var job = site.importJob("job-1", image: "image-1", path: "/image")
            if let expect = test.expect { job = job.setting("expect", to: expect) }
            try await site.publish(job)
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.errorCode == test.code, "\(end.data)")
            #expect(try await site.image("image-1").status == .failed)
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("An OVA becomes its disk, and what its descriptor says of the guest stands where the job said nothing")
    func ova() async throws {
        try await withSite { site in
            let descriptor = """
                <?xml version="1.0"?><Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
                <References><File ovf:id="f" ovf:href="disk1.qcow2" ovf:size="200000"/></References>
                <DiskSection><Disk ovf:diskId="d" ovf:fileRef="f" ovf:capacity="2" ovf:capacityAllocationUnits="byte * 2^20"/>
                </DiskSection><VirtualSystem ovf:id="vm"><OperatingSystemSection ovf:id="96" ovf:version="12"/>
                </VirtualSystem></Envelope>
                """
            let packed = Packer.archive(
                [
                    .init("vm.ovf", Array(descriptor.utf8)), .init("disk1.qcow2", Self.qcow2),
                    .init("vm.mf", Array("SHA1(vm.ovf)= 0".utf8)),
                ], as: .ustar)
            site.origin.serve("/vm.ova", .bytes(packed))
            let worker = try site.startWorker()
            let job = site.importJob("job-1", image: "image-1", path: "/vm.ova")
            try await site.publish(job.setting("image", "os", to: ["distro": "debian-testing"]))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.phase == "completed", "\(end.data)")
            #expect(end.data["source", "wrapper"].text == "ova")
            #expect(end.data["source", "digests", "sha256"].text == sha256(packed))
            let image = end.data["image"]
            #expect(image["format"].text == "qcow2" && image["virtual_size"].number == 1 << 20)
            #expect(image["os", "type"].text == "linux" && image["os", "distro"].text == "debian-testing")
            #expect(image["os", "version"].text == "12" && image["os", "arch"].text == "x86_64")
            #expect(image["findings"][0]["rule"].text == "contradiction")
            #expect(try await site.storedBytes(of: "image-1") == Self.qcow2)
        }
    }

    @Test("`inspect` looks into a wrapper, and refuses what a worker would")
    func inspected() async throws {
        try await withSite { site in
            let packed = Packer.archive([.init("disk.qcow2", Self.qcow2)], as: .gnutar, .xz)
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("inspect-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data(packed).write(to: file)
            site.origin.serve("/image", .bytes(packed))
            for place in [file.path, site.origin.url("/image")] {
                let result = try await site.run("inspect", place, "--json")
                #expect(result.end == .exited(0), "\(result.errors)")
                #expect(result.json["format"].text == "qcow2" && result.json["size"].number == 200_000)
                #expect(result.json["digests", "sha256"].text == sha256(Self.qcow2))
                #expect(result.json["source", "wrapper"].text == "tar+xz")
                #expect(result.json["source", "size"].number == packed.count)
                #expect(result.json["source", "digests", "sha256"].text == sha256(packed))
            }
            try Data(packed.dropLast(20)).write(to: file)
            let broken = try await site.run("inspect", file.path)
            #expect(broken.end == .exited(6))
        }
    }
}
