import Foundation
import TestSupport
import Testing

@Suite("Inspection of what arrives", .needsBroker, .timeLimit(.minutes(10)))
struct InspectionTests {
    /// A qcow2 of 1 MiB, version 2, that names a backing file.
    private static let backed: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 200_000)
        let fields: [(Int, [UInt8])] = [
            (0, [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 2]), (8, [0, 0, 0, 0, 0, 0, 0, 72]), (19, [9]), (23, [16]),
            (29, [0x10]), (39, [1]), (72, Array("base.img".utf8)),
        ]
        for (place, field) in fields { bytes.replaceSubrange(place..<(place + field.count), with: field) }
        return bytes
    }()

    @Test("A dangerous image is refused in its first chunk, with the rule and the byte that shows it")
    func refused() async throws {
        try await withSite { site in
            let gate = Gate()
            let body = Self.backed + [UInt8](repeating: 0, count: 9 << 20)
            site.origin.serve("/image", .bytes(body).holding(after: 3 << 20, until: gate))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let end = try await site.end(of: "job-1")
            gate.open()
            try await site.stop(worker)
            #expect(end.errorCode == "image_unsafe")
            let violation = end.data["error", "violations"][0]
            #expect(violation["rule"].text == "backing_file")
            #expect(violation["value"].text?.hasPrefix("byte 8: ") == true)
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("A relaxed rule lets the image pass, and its finding stands in event and catalog")
    func relaxed() async throws {
        try await withSite(["inspect.relax.backing_file": "default"]) { site in
            site.origin.serve("/image", .bytes(Self.backed))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let end = try await site.end(of: "job-1")
            let shown = try await site.run("images", "show", "image-1")
            try await site.stop(worker)
            #expect(end.phase == "completed")
            #expect(worker.errors.entries.contains { $0.contains("backing_file") })
            for finding in [end.data["image", "findings"][0], shown.json["findings"][0]] {
                #expect(finding["rule"].text == "backing_file")
                #expect(finding["severity"].text == "warning")
            }
        }
    }

    @Test("`inspect` says of a file and of a URL what a worker would find, and ends with 6 for what it would refuse")
    func command() async throws {
        try await withSite { site in
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("inspect-\(UUID().uuidString)")
            try Data(Self.backed).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            site.origin.serve("/image", .bytes(Self.backed))
            for place in [file.path, site.origin.url("/image?token=canary")] {
                let result = try await site.run("inspect", place, "--json")
                #expect(result.end == .exited(6), "\(result.errors)")
                #expect(result.json["format"].text == "qcow2")
                #expect(result.json["virtual_size"].number == 1 << 20)
                #expect(result.json["size"].number == 200_000)
                #expect(result.json["digests", "sha256"].text == sha256(Self.backed))
                #expect(result.json["verdict"].text == "refused")
                #expect(result.json["findings"][0]["rule"].text == "backing_file")
                #expect(result.json["findings"][0]["offset"].number == 8)
                #expect(!(result.output + result.errors).contains { $0.contains("canary") })
            }
            let good = try await site.run("inspect", "/dev/null", "--digest", "md5", "--digest", "sha512")
            #expect(good.end == .exited(0))
            let words = good.output.map { $0.split(separator: " ").map(String.init) }
            #expect(words.first == ["format", "raw"])
            #expect(words.contains(["md5", "d41d8cd98f00b204e9800998ecf8427e"]))
            #expect(words.contains(["verdict", "safe"]))
            #expect(try await site.run("inspect", "/absent").end == .exited(5))
        }
    }
}
