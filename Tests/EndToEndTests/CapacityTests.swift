import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Imports and the space of a store", .needsBroker, .timeLimit(.minutes(10)))
struct CapacityTests {
    private static let size: Int64 = 5 << 20

    @Test("What would touch reserve_bytes is tried again, then given up with all values, and leaves no byte")
    func reserve() async throws {
        try await withSite(["stores.default.reserve_bytes": "1000TiB"]) { site in
            site.origin.serve("/known", .pattern(size: 5_000))
            site.origin.serve("/unknown", .pattern(size: 5_000).chunked())
            let worker = try site.startWorker()
            for path in ["known", "unknown"] {
                try await site.publish(
                    site.importJob(path, image: path, path: "/\(path)").setting("max_attempts", to: 2))
                let retry = try await site.event("retrying", of: path)
                #expect(retry.errorCode == "capacity_exceeded")
                let message = try #require(retry.data["error", "message"].text)
                #expect(message.contains(path == "known" ? "4.9 KiB needed" : "1 B needed"), "\(message)")
                #expect(message.contains("1000.0 TiB kept free (reserve_bytes)"), "\(message)")
                let end = try await site.end(of: path)
                #expect(end.errorCode == "attempts_exhausted")
                #expect(end.data["error", "cause", "code"].text == "capacity_exceeded")
            }
            try await site.stop(worker)
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("A size over the limit is no want of space: it is refused once, even when there is no space either")
    func sizeLimit() async throws {
        try await withSite(["stores.default.reserve_bytes": "1000TiB", "limits.image_bytes": "4999"]) { site in
            site.origin.serve("/image", .pattern(size: 5_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image"))
            #expect(try await site.end(of: "job-1").errorCode == "size_limit")
            try await site.stop(worker)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "failed"])
        }
    }

    @Test(
        "Two workers never promise the same bytes of their store; who was refused gets them when the other gives up",
        .enabled(if: SmallFileSystem.isPossible, "This account cannot mount a file system."))
    func sharedStore() async throws {
        let small = try SmallFileSystem(bytes: 8 << 20)
        let settings = ["stores.default.url": "file://\(small.path)/images", "worker.slots.import": "1"]
        try await withSite(settings) { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: Self.size).holding(after: 1 << 20, until: gate))
            site.origin.serve("/image", .pattern(size: Self.size))
            let workers = [try site.startWorker(), try site.startWorker()]
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            try await site.publish(
                site.importJob("job-2", image: "image-2", path: "/image").setting("max_attempts", to: 100))
            let retry = try await site.event("retrying", of: "job-2")
            #expect(retry.errorCode == "capacity_exceeded")
            let message = try #require(retry.data["error", "message"].text)
            #expect(message.contains("5.0 MiB needed"), "\(message)")
            #expect(message.contains("5.0 MiB of it promised to other imports"), "\(message)")
            let doctor = try await site.run("doctor")
            #expect(doctor.output.contains { $0.contains("5.0 MiB of it promised to imports") }, "\(doctor)")
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            #expect(try await site.end(of: "job-2").phase == "completed")
            for worker in workers { try await site.stop(worker) }
            #expect(try await site.storedBytes(of: "image-2") == PatternBytes(size: Self.size).all)
            #expect(try small.files() == 2)  // The marker and the object.
        }
    }

    @Test(
        "A disk that fills up with store and catalog on it costs an attempt, and is free again for the next",
        .enabled(if: SmallFileSystem.isPossible, "This account cannot mount a file system."))
    func fullDisk() async throws {
        let small = try SmallFileSystem(bytes: 24 << 20)
        let settings = [
            "stores.default.url": "file://\(small.path)/images", "catalog.url": "sqlite://\(small.path)/catalog.db",
        ]
        try await withSite(settings) { site in
            let gate = Gate()
            let length: Int64 = 10 << 20
            site.origin.serve("/image", .pattern(size: length).holding(after: 1 << 20, until: gate))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 100))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            // Another program takes what was promised, but for a little.
            let filler = "\(small.path)/filler"
            try small.fill(filler, leaving: 2 << 20)
            gate.open()
            let retry = try await site.event("retrying", of: "job-1")
            #expect(retry.errorCode == "capacity_exceeded")
            let message = try #require(retry.data["error", "message"].text)
            // By a write that fails, or by the look before the first one, if the worker had come no further by then.
            #expect(message.contains("No space left on device") || message.contains("MiB free"), "\(message)")
            try FileManager.default.removeItem(atPath: filler)
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "completed")
            try await site.stop(worker)
            let digest = end.data["image", "digests", "sha256"].text
            #expect(digest == sha256(PatternBytes(size: length).all))
            #expect(try small.files(below: "images") == 2)
        }
    }
}

extension SmallFileSystem {
    /// Writes a file until so many bytes are free.
    func fill(_ file: String, leaving free: Int64) throws {
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: path)
        let now = try #require(attributes[.systemFreeSize] as? NSNumber).int64Value
        try Data(count: Int(now - free)).write(to: URL(fileURLWithPath: file))
    }

    /// The number of files.
    fileprivate func files(below directory: String = "") throws -> Int {
        let root = "\(path)/\(directory)"
        let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return names.count { name in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
    }
}
