import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Imports that convert, from message to stored image", .needsBroker, .timeLimit(.minutes(10)))
struct ConversionTests {
    /// A disk with data at both ends and nothing between.
    private static let disk: [UInt8] = {
        let noise = PatternBytes(size: 300_032, seed: 11).all
        return noise + [UInt8](repeating: 0, count: 3 << 20) + noise
    }()

    private func convertingJob(_ site: Site, to target: String) -> JSON {
        site.importJob("job-1", image: "image-1", path: "/image")
            .setting("transform", to: ["convert_to": .string(target)])
    }

    struct Pair: Sendable, CustomTestStringConvertible {
        let source: String
        let target: String
        var testDescription: String { "\(source) → \(target)" }
    }

    @Test(
        "The disk that is stored is the one that was served, and every fact about it is the result's",
        arguments: [
            Pair(source: "qcow2", target: "raw"), Pair(source: "raw", target: "qcow2"),
            Pair(source: "vmdk", target: "vhdx"),
        ])
    func converts(_ pair: Pair) async throws {
        try await withSite { site in
            let qemu = try QemuImage(in: site)
            let served = try qemu.image(pair.source, of: Self.disk)
            site.origin.serve("/image", .bytes(served))
            let worker = try site.startConverter()
            let expected: JSON = [
                "size": .integer(served.count), "format": .string(pair.source),
                "digests": ["sha256": .string(sha256(served))],
            ]
            try await site.publish(convertingJob(site, to: pair.target).setting("expect", to: expected))
            let end = try await site.end(of: "job-1")
            let shown = try await site.run("images", "show", "image-1")
            try await site.stop(worker)

            #expect(end.step == "import.completed", "\(end.json)")
            let stored = try await site.storedBytes(of: "image-1")
            for image in [end.data["image"], shown.json] {
                #expect(image["format"].text == pair.target)
                #expect(image["size"].number == stored.count)
                #expect(image["virtual_size"].number == Self.disk.count)
                #expect(image["digests", "sha256"].text == sha256(stored))
            }
            #expect(end.data["source", "size"].number == served.count)
            #expect(end.data["source", "digests", "sha256"].text == sha256(served))
            try qemu.write(stored, to: "stored")
            try qemu.run("compare", "-f", pair.source, "-F", pair.target, "image", "stored")
            #expect(site.workspaces.isEmpty && site.staged.isEmpty && site.objects.count == 1)
            try await site.expectEndedOnce("job-1")
        }
    }

    @Test("What is of that format already is stored as it came")
    func sameFormat() async throws {
        try await withSite { site in
            site.origin.serve("/image", .bytes(Self.disk))
            // A converter that cannot convert anything.
            let worker = try site.startConverter(programs: site.programs("[ \"$1\" = --version ]"))
            try await site.publish(convertingJob(site, to: "raw"))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.phase == "completed", "\(end.json)")
            #expect(try await site.storedBytes(of: "image-1") == Self.disk)
        }
    }

    @Test("A dangerous image never reaches qemu-img, and a result that would be one is not stored")
    func hostile() async throws {
        try await withSite { site in
            let qemu = try QemuImage(in: site)
            try qemu.write(Self.disk, to: "base")
            try qemu.run("create", "-q", "-f", "qcow2", "-b", "base", "-F", "raw", "backed")
            site.origin.serve("/image", .bytes(try qemu.read("backed")))
            // A disk that begins like another image: harmless inside, and not as the first bytes of a file.
            try qemu.run("create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", "inner", "1M")
            let inner = try qemu.read("inner")
            let sectors = inner + [UInt8](repeating: 0, count: (512 - inner.count % 512) % 512)
            site.origin.serve("/nested", .bytes(try qemu.image("qcow2", of: sectors)))
            let programs = try site.programs(
                "[ \"$1\" = convert ] && echo convert >> ../../calls\nexec /usr/bin/qemu-img \"$@\"")
            let worker = try site.startConverter(programs: programs)
            try await site.publish(convertingJob(site, to: "raw"))
            #expect(try await site.end(of: "job-1").errorCode == "image_unsafe")
            #expect(!FileManager.default.fileExists(atPath: "\(site.directory)/calls"))
            try await site.publish(
                site.importJob("job-2", path: "/nested").setting("transform", to: ["convert_to": "raw"]))
            let second = try await site.end(of: "job-2")
            try await site.stop(worker)
            #expect(["image_unsafe", "format_mismatch"].contains(second.errorCode), "\(second.json)")
            #expect(FileManager.default.fileExists(atPath: "\(site.directory)/calls"))
            #expect(site.objects.isEmpty && site.staged.isEmpty && site.workspaces.isEmpty)
        }
    }

    @Test("Progress tells of the conversion; a cancel ends it with its process and its files")
    func cancel() async throws {
        try await withSite { site in
            site.origin.serve("/image", .bytes(Self.disk))
            let worker = try site.startConverter(programs: site.slowPrograms())
            try await site.publish(convertingJob(site, to: "qcow2"))
            let process = try await site.conversion()
            let step = try await site.events.first("progress of the conversion") { event in
                event.data["progress", "stage"].text == "converting"
                    && event.data["progress", "bytes"].number ?? 0 > Self.disk.count ? event : nil
            }
            #expect(step.data["progress", "total"].number == 2 * Self.disk.count)
            #expect(step.data["progress", "bytes"].number == Self.disk.count + Int(0.4 * Double(Self.disk.count)))
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            try await site.waitForEnd(of: process)
            #expect(site.workspaces.isEmpty && site.staged.isEmpty && site.objects.isEmpty)
            try await site.stop(worker)
        }
    }

    @Test("A killed worker takes its conversion with it; the next one sweeps its files and does all of it again")
    func killed() async throws {
        try await withSite { site in
            site.origin.serve("/image", .bytes(Self.disk))
            let first = try site.startConverter(programs: site.slowPrograms())
            try await site.publish(convertingJob(site, to: "qcow2"))
            let process = try await site.conversion()
            #expect(site.workspaces.count == 1)
            first.signal(SIGKILL)
            #expect(try await first.waitForEnd() == .signalled(SIGKILL))
            try await site.waitForEnd(of: process)
            #expect(site.workspaces.count == 1)
            let second = try site.startConverter()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
            #expect(site.workspaces.isEmpty && site.staged.isEmpty && site.objects.count == 1)
            #expect(site.origin.journal.entries.requests(for: "/image").count == 2)
            try await site.expectEndedOnce("job-1")
            let stored = try await site.storedBytes(of: "image-1")
            #expect(try await site.image("image-1").content?.digests.first?.hex == sha256(stored))
        }
    }

    @Test("A drain gives the job back at once, and another worker converts")
    func drained() async throws {
        try await withSite(["worker.drain": "0s"]) { site in
            site.origin.serve("/image", .bytes(Self.disk))
            let first = try site.startConverter(programs: site.slowPrograms())
            try await site.publish(convertingJob(site, to: "vdi"))
            let process = try await site.conversion()
            try await site.stop(first)
            try await site.waitForEnd(of: process)
            #expect(site.workspaces.isEmpty)
            let second = try site.startConverter()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
        }
    }

    @Test("Where something is missing, the job and `doctor` say what")
    func missing() async throws {
        try await withSite { site in
            site.origin.serve("/image", .bytes(Self.disk))
            let bare = try site.startWorker()
            try await site.publish(convertingJob(site, to: "qcow2"))
            let refused = try await site.end(of: "job-1")
            try await site.stop(bare)
            #expect(refused.errorCode == "policy_denied")
            #expect(refused.data["error", "violations"][0]["path"].text == "/transform/convert_to")
            #expect(refused.data["error", "message"].text?.contains("worker.scratch.path") == true)

            let empty = "\(site.directory)/empty"
            let settings = ["worker.scratch.path": site.scratchPath]
            let worker = try site.start(["worker"], settings, searchPath: empty)
            try await site.publish(
                site.importJob("job-2", path: "/image").setting("transform", to: ["convert_to": "qcow2"]))
            let failed = try await site.end(of: "job-2")
            try await site.stop(worker)
            #expect(failed.errorCode == "conversion_failed")
            #expect(failed.data["error", "message"].text?.contains("Debian package qemu-utils") == true)
            #expect(site.origin.journal.entries.requests(for: "/image").isEmpty)

            let doctor = try site.start(["doctor"], settings, searchPath: empty)
            #expect(try await doctor.waitForEnd() == .exited(2))
            #expect(doctor.output.entries.contains { $0.contains("conversions") && $0.contains("qemu-utils") })
            let healthy = try await site.run("doctor", overrides: settings)
            #expect(healthy.output.contains { $0.hasPrefix("conversions") && $0.contains("ready; ") })
        }
    }
}
