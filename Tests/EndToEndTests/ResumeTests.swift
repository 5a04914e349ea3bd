import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Interrupted imports", .needsBroker, .timeLimit(.minutes(10)))
struct ResumeTests {
    /// What is fetched again after a crash, at most, and what is on its way between origin and disk.
    private static let interval: Int64 = 32 << 20
    private static let underWay: Int64 = 16 << 20

    @Test("An import whose worker is killed three times fetches no byte more than one interval again each time")
    func killed() async throws {
        try await withSite { site in
            let size: Int64 = 200_000_000
            let gate = Gate()
            let image = OriginAnswer.pattern(size: size, seed: 3).etag("\"v1\"")
            site.origin.serve(
                "/image", image.holding(after: 40 << 20, until: gate), image.holding(after: 75 << 20, until: gate),
                image.holding(after: 150 << 20, until: gate), image)
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image")
                    .setting("digests", to: ["md5", "sha256", "sha512", "blake2b-512"]).setting("max_attempts", to: 2))
            for (number, checkpoint) in [32, 64, 128].enumerated() {
                let worker = try site.start(["worker", "--log-level", "debug"])
                await site.origin.journal.wait { $0.held["/image"] == number + 1 }
                try await worker.errors.wait(for: "a checkpoint after \(checkpoint) MiB") { lines in
                    lines.contains { $0.contains("Checkpoint written") && $0.contains("bytes=\(checkpoint << 20)") }
                }
                worker.signal(SIGKILL)
                #expect(try await worker.waitForEnd() == .signalled(SIGKILL))
            }
            let last = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: last)
            let journal = site.origin.journal.entries
            #expect(journal.requests(for: "/image").compactMap { $0["range"] }.count == 3)
            #expect(journal.bytesSent["/image", default: 0] <= size + 3 * (Self.interval + Self.underWay))
            #expect(try await site.job("job-1").failedAttempts == 0)
            try await site.expectTrueDigests(of: "image-1", size: size)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: size, seed: 3).all)
            #expect(site.objects.count == 1 && site.staged.isEmpty)
        }
    }

    @Test("A worker that drains leaves a checkpoint of all it has, and the next one goes on from there")
    func drained() async throws {
        try await withSite(["worker.drain": "1s", "lease.duration": "60s", "lease.renew": "1s"]) { site in
            let size: Int64 = 12 << 20 + 77
            let gate = Gate()
            let image = OriginAnswer.pattern(size: size).lastModified("Sat, 01 Jan 2022 00:00:00 GMT")
            site.origin.serve("/image", image.holding(after: 10 << 20, until: gate), image)
            let first = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 1))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd() == .exited(0))
            #expect(try await site.job("job-1").state == .queued)
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
            let requests = site.origin.journal.entries.requests(for: "/image")
            #expect(requests.count == 2 && requests[1]["if-range"] == "Sat, 01 Jan 2022 00:00:00 GMT")
            #expect(requests[1]["range"] == "bytes=\(10 << 20)-")
            #expect(try await site.job("job-1").failedAttempts == 0)
            try await site.expectWhole("job-1", image: "image-1", PatternBytes(size: size))
        }
    }

    @Test(
        "A bit that flips in staged bytes while no worker lives is noticed, in any store: the import begins again",
        arguments: ["images", "second"])
    func flippedBit(in folder: String) async throws {
        try await withSite(["stores.second.url": "file://{site}/second"]) { site in
            let size: Int64 = 36 << 20 + 5
            let image = OriginAnswer.pattern(size: size).etag("\"v1\"")
            site.origin.serve("/image", image.holding(after: 34 << 20, until: Gate()), image)
            let first = try site.start(["worker", "--log-level", "debug"])
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image")
                    .setting("stores", to: ["default", "second"]))
            try await first.errors.wait(for: "a checkpoint") { $0.contains { $0.contains("Checkpoint written") } }
            first.signal(SIGKILL)
            #expect(try await first.waitForEnd() == .signalled(SIGKILL))
            try flipBit(of: #require(site.staged.first { $0.contains("/\(folder)/") }), at: 20 << 20 + 1)
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: second)
            #expect(site.origin.journal.entries.requests(for: "/image").map { $0["range"] } == [nil, nil])
            #expect(second.errors.entries.contains { $0.contains("A store returns other bytes than were written") })
            #expect(try await site.image("image-1").content?.digests.first?.hex == sha256(PatternBytes(size: size).all))
        }
    }

    @Test(
        "What cannot be gone on with begins again: another object, no ranges, no validator",
        arguments: ["changed", "plain", "weak"])
    func beginsAgain(_ path: String) async throws {
        try await withSite { site in
            let size: Int64 = 4 << 20 + 3
            let tagged = OriginAnswer.pattern(size: size).etag("\"v1\"")
            let weak = OriginAnswer.pattern(size: size).etag("W/\"v1\"")
            site.origin.serve(
                "/changed", tagged.hangingUp(after: 3 << 20), .pattern(size: size, seed: 2).etag("\"v2\""))
            site.origin.serve("/plain", tagged.hangingUp(after: 3 << 20), tagged.withoutRanges())
            site.origin.serve("/weak", weak.hangingUp(after: 3 << 20), weak)
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/\(path)").setting("max_attempts", to: 1))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            try await site.expectWhole(
                "job-1", image: "image-1", PatternBytes(size: size, seed: path == "changed" ? 2 : 1))
        }
    }

    /// Goal: digests are of what lies in the store, whatever a source claims. Method: it claims by its tag that nothing
    /// changed while every byte did.
    @Test("A source that changes its bytes under the same tag cannot make the catalog lie")
    func sameTag() async throws {
        try await withSite { site in
            let size: Int64 = 6 << 20
            site.origin.serve(
                "/image", .pattern(size: size, seed: 1).etag("\"v1\"").hangingUp(after: 3 << 20),
                .pattern(size: size, seed: 2).etag("\"v1\""))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image")
                    .setting("digests", to: ["sha1", "sha256", "sha384"]))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            try await site.expectTrueDigests(of: "image-1", size: size)
            let stored = try await site.storedBytes(of: "image-1")
            #expect(Array(stored[..<(3 << 20)]) == Array(PatternBytes(size: size, seed: 1).all[..<(3 << 20)]))
            #expect(Array(stored[(3 << 20)...]) == Array(PatternBytes(size: size, seed: 2).all[(3 << 20)...]))
        }
    }

    @Test("Without a validator only a job that expects a digest goes on, and begins again when that is wrong")
    func expectedDigest() async throws {
        try await withSite { site in
            let size: Int64 = 5 << 20 + 3
            let image = OriginAnswer.pattern(size: size)
            let other = OriginAnswer.pattern(size: size, seed: 2)
            site.origin.serve("/same", image.hangingUp(after: 3 << 20), image)
            site.origin.serve("/other", other.hangingUp(after: 3 << 20), image)
            let worker = try site.startWorker()
            let digest = JSON.string(sha256(PatternBytes(size: size).all))
            for path in ["same", "other"] {
                let job = site.importJob(path, image: "image-\(path)", path: "/\(path)")
                try await site.publish(job.setting("expect", "digests", "sha256", to: digest))
                #expect(try await site.end(of: path).phase == "completed")
                #expect(try await site.storedBytes(of: "image-\(path)") == PatternBytes(size: size).all)
            }
            try await site.stop(worker)
            let journal = site.origin.journal.entries
            #expect(journal.requests(for: "/same").map { $0["range"] } == [nil, "bytes=\(3 << 20)-"])
            #expect(journal.requests(for: "/other").map { $0["range"] } == [nil, "bytes=\(3 << 20)-", nil])
        }
    }
}

/// Changes one bit of a file, as a disk may.
private func flipBit(of path: String, at offset: UInt64) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seek(toOffset: offset)
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: offset)
    try file.write(contentsOf: [byte ^ 1])
}

extension Site {
    /// Compares every recorded digest with what the system's own program makes of the stored file.
    fileprivate func expectTrueDigests(of image: String, size: Int64) async throws {
        let found = try await self.image(image)
        let content = try #require(found.content)
        #expect(content.size == size)
        let path = try #require(found.replicas.first?.url.flatMap(URL.init(string:))?.path)
        for digest in content.digests {
            let name = digest.algorithm == .blake2b512 ? "b2" : digest.algorithm.rawValue
            let program = try Program("/usr/bin/\(name)sum", [path], environment: ["PATH": "/usr/bin:/bin"])
            #expect(try await program.waitForEnd() == .exited(0))
            #expect(program.output.entries.first?.hasPrefix(digest.hex) == true, "\(digest.algorithm.rawValue)")
        }
    }
}
