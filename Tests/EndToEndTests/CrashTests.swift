import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Workers that die", .needsBroker, .timeLimit(.minutes(10)))
struct CrashTests {
    @Test("An import whose worker was killed is taken over after the lease, and ends once with the right bytes")
    func takenOver() async throws {
        try await withSite { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 2 << 20, seed: 9).etag("\"v1\"")
            site.origin.serve("/image", image.holding(after: 1 << 20, until: gate), image)
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            first.signal(SIGKILL)
            #expect(try await first.waitForEnd() == .signalled(SIGKILL))
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: second)
            try await site.expectWhole("job-1", image: "image-1", PatternBytes(size: 2 << 20, seed: 9))
        }
    }

    @Test(
        "A worker that is stopped for longer than its lease does not disturb the one that took over",
        arguments: [("the same object", 9), ("one with other bytes under the same tag", 8)] as [(String, UInt64)])
    func frozen(_ served: String, firstSeed: UInt64) async throws {
        try await withSite { site in
            // Beyond a checkpoint, from which a successor could go on if the first one did not hold the bytes.
            let size: Int64 = 36 << 20
            let gate = Gate()
            let old = OriginAnswer.pattern(size: size, seed: firstSeed).etag("\"v1\"")
            let image = OriginAnswer.pattern(size: size, seed: 9).etag("\"v1\"")
            site.origin.serve("/image", old.holding(after: 34 << 20, until: gate), image)
            let first = try site.start(["worker", "--log-level", "debug"])
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("digests", to: ["sha256", "md5"]))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            try await first.errors.wait(for: "a checkpoint") { $0.contains { $0.contains("Checkpoint written") } }
            try await site.freeze(first)
            let second = try site.startWorker()
            let end = try await site.end(of: "job-1")
            gate.open()
            first.signal(SIGCONT)
            try await site.stop(first)
            try await site.stop(second)
            #expect(end.phase == "completed")
            try await site.expectWhole("job-1", image: "image-1", PatternBytes(size: size, seed: 9))
        }
    }

    @Test("Workers killed at any moment lose no job and end none twice", arguments: [1, 2])
    func killedAgainAndAgain(seed: UInt64) async throws {
        try await withSite(["lease.duration": "1s", "lease.renew": "200ms"]) { site in
            var dice = SplitMix(state: seed)
            let bytes = PatternBytes(size: 150_000, seed: 4)
            site.origin.serve("/image", .pattern(size: 150_000, seed: 4).trickling(bytes: 30_000, milliseconds: 5))
            let jobs = (1...20).map { "job-\($0)" }
            for job in jobs { try await site.publish(site.importJob(job, image: "of-\(job)", path: "/image")) }
            for _ in 0..<6 {
                let worker = try site.startWorker()
                let count = site.events.entries.count + 1 + Int(dice.next() % 24)
                // After the last event nothing more comes: then this worker lives until the next moment.
                _ = try? await site.events.wait(for: "a moment", limit: .seconds(5)) { $0.count >= count }
                worker.signal(SIGKILL)
                _ = try await worker.waitForEnd()
            }
            // Everything may have ended before it is up, and a signal that comes earlier would end it without a drain.
            let last = try await site.startReadyWorker()
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            // An event may be out and not be marked: whoever was killed holds the role of the relay for some seconds.
            try await site.expectSoundness(of: jobs, after: last)
            for job in jobs { try await site.expectEndedOnce(job) }
            for job in jobs { #expect(try await site.storedBytes(of: "of-\(job)") == bytes.all) }
            #expect(site.objects.count == jobs.count && site.staged.isEmpty)
            #expect(try await site.unpublished().isEmpty)
        }
    }

    @Test("Two workers on one catalog share the jobs, and each runs once")
    func twoWorkers() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 30_000, seed: 2))
            let jobs = (1...40).map { "job-\($0)" }
            let workers = [try await site.startReadyWorker(), try await site.startReadyWorker()]
            for job in jobs { try await site.publish(site.importJob(job, path: "/image")) }
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            for worker in workers { try await site.stop(worker) }
            for job in jobs {
                #expect(try await site.settledEvents().of(job).phases == ["accepted", "started", "completed"])
            }
            #expect(site.origin.journal.entries.requests(for: "/image").count == jobs.count)
            #expect(site.objects.count == jobs.count && site.staged.isEmpty)
        }
    }
}

extension Site {
    /// Stops a worker at a moment at which it does not hold the lock of the catalog's file: nobody could go on then,
    /// which is how SQLite is and not what these tests are about.
    func freeze(_ worker: Program) async throws {
        let catalog = try catalog()
        let prober = try #require(WorkerID("prober"))
        for tries in 1...20 {
            worker.freeze()
            if (try? await catalog.holdRole("probe", as: prober, for: .zero)) != nil { return }
            worker.signal(SIGCONT)
            // On a busy machine it would not have moved on by the next look.
            try await Task.sleep(for: .milliseconds(20 * tries))
        }
        Issue.record("the worker holds the lock of its catalog whenever it is looked at")
    }

    /// One end, one event id for it, sequences without a gap.
    func expectEndedOnce(_ job: String) async throws {
        let events = try await settledEvents().of(job)
        #expect(Set(events.filter(\.isTerminal).map(\.id)).count == 1, "\(job)")
        let sequences = Set(events.compactMap(\.sequence)).sorted()
        #expect(sequences == Array(1...max(1, sequences.count)), "\(job)")
    }

    /// One end, and nothing in the store but the right bytes.
    func expectWhole(_ job: String, image: String, _ bytes: PatternBytes) async throws {
        try await expectEndedOnce(job)
        let stored = bytes.all
        #expect(try await storedBytes(of: image) == stored)
        #expect(try await self.image(image).content?.wrongDigests(of: stored) == [])
        #expect(objects.count == 1 && staged.isEmpty)
        #expect(try await unpublished().isEmpty)
    }
}

/// Numbers that are the same for the same seed.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
