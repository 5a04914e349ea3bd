import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Workers that are asked to stop", .needsBroker, .timeLimit(.minutes(10)))
struct DrainTests {
    @Test("A worker without work ends at once with 0", arguments: [SIGTERM, SIGINT])
    func idle(signal: Int32) async throws {
        try await withSite { site in
            let worker = try await site.startReadyWorker()
            worker.signal(signal)
            #expect(try await worker.waitForEnd() == .exited(0))
        }
    }

    @Test("A running job may finish within worker.drain, and no new one is begun")
    func finishes() async throws {
        try await withSite(["worker.slots.import": "1"]) { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 50_000).holding(after: 10_000, until: gate))
            site.origin.serve("/next", .pattern(size: 50_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            try await site.publish(site.importJob("job-2", path: "/next"))
            try await site.event("accepted", of: "job-2")
            worker.signal(SIGTERM)
            try await worker.errors.wait(for: "the drain") { $0.contains { $0.contains("Draining") } }
            gate.open()
            #expect(try await worker.waitForEnd() == .exited(0))
            let phases = try await site.settledEvents()
            #expect(phases.of("job-1").phases == ["accepted", "started", "completed"])
            #expect(phases.of("job-2").phases == ["accepted"])
            #expect(try await site.unpublished().isEmpty)
        }
    }

    @Test("Beyond worker.drain a job is given back, and the next worker finishes it without counting an attempt")
    func givenBack() async throws {
        try await withSite(["worker.drain": "1s", "lease.duration": "60s", "lease.renew": "1s"]) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 50_000)
            site.origin.serve("/image", image.holding(after: 10_000, until: gate), image)
            let first = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 1))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd() == .exited(0))
            #expect(try await site.job("job-1").state == .queued)
            #expect(site.staged.isEmpty)
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: second)
            let phases = try await site.settledEvents().of("job-1").phases
            #expect(phases == ["accepted", "started", "started", "completed"])
            #expect(try await site.job("job-1").failedAttempts == 0)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 50_000).all)
        }
    }

    /// Goal: a service manager that stops the worker is not kept waiting for a catalog. Method: another process holds the
    /// lock of the catalog's file from before the signal until the worker has ended.
    @Test("A worker whose catalog is away ends when the lease of its job has run out, and the job goes on elsewhere")
    func catalogAway() async throws {
        let settings = ["worker.drain": "1s", "lease.duration": "5s", "lease.renew": "1s"]
        try await withSite(settings, catalog: .file) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 50_000)
            site.origin.serve("/image", image.holding(after: 10_000, until: gate), image)
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            let lock = try await site.lockCatalog()
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd() == .exited(0))
            #expect(first.errors.entries.count { $0.contains("A lease ran out") } == 1)
            await lock.destroy()
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: second)
        }
    }

    @Test("A second signal ends the worker now, and the job goes on elsewhere")
    func secondSignal() async throws {
        try await withSite(["worker.drain": "10m"]) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 50_000)
            site.origin.serve("/image", image.holding(after: 10_000, until: gate), image)
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            first.signal(SIGTERM)
            try await first.errors.wait(for: "the drain") { $0.contains { $0.contains("Draining") } }
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd() == .exited(0))
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: second)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 50_000).all)
            #expect(site.staged.isEmpty && site.objects.count == 1)
        }
    }

    @Test("A worker that waits to go on with a cut connection gives its job back with all bytes, at the first signal")
    func reconnecting() async throws {
        try await withSite(["worker.drain": "1s", "lease.duration": "60s", "lease.renew": "1s"]) { site in
            let first = try await site.startReconnecting(pause: "29")
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd(limit: .seconds(25)) == .exited(0))
            #expect(try await site.job("job-1").state == .queued)
            try await site.expectResumed()
        }
    }

    @Test("It may go on within worker.drain")
    func reconnects() async throws {
        try await withSite { site in
            let worker = try await site.startReconnecting(pause: "1")
            worker.signal(SIGTERM)
            #expect(try await worker.waitForEnd() == .exited(0))
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "completed"])
            try await site.expectWhole("job-1", image: "image-1", PatternBytes(size: 9 << 20))
        }
    }

    @Test("A second signal ends its wait now, and the job goes on elsewhere from the same byte")
    func reconnectingSecondSignal() async throws {
        try await withSite(["worker.drain": "10m"]) { site in
            let first = try await site.startReconnecting(pause: "29")
            first.signal(SIGTERM)
            try await first.errors.wait(for: "the drain") { $0.contains { $0.contains("Draining") } }
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd() == .exited(0))
            try await site.expectResumed()
        }
    }
}

extension Site {
    /// Starts a worker whose import was cut after 5 MiB and told to come back later.
    fileprivate func startReconnecting(pause: String) async throws -> Program {
        let image = OriginAnswer.pattern(size: 9 << 20).etag("\"v1\"")
        origin.serve("/image", image.hangingUp(after: 5 << 20), .status(503).retryAfter(pause), image)
        let worker = try startWorker()
        try await publish(importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 1))
        try await worker.errors.wait(for: "the wait") { $0.contains { $0.contains("answered 503") } }
        return worker
    }

    /// Another worker ends the job, and fetches nothing but the rest.
    fileprivate func expectResumed() async throws {
        let second = try startWorker()
        #expect(try await end(of: "job-1").phase == "completed")
        try await stop(second)
        let ranges = origin.journal.entries.requests(for: "/image").map { $0["range"] }
        #expect(ranges == [nil, "bytes=\(5 << 20)-", "bytes=\(5 << 20)-"])
        #expect(try await job("job-1").failedAttempts == 0)
        try await expectWhole("job-1", image: "image-1", PatternBytes(size: 9 << 20))
    }
}
