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
            #expect(try await worker.waitForEnd(limit: .seconds(10)) == .exited(0))
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
            #expect(try await first.waitForEnd(limit: .seconds(10)) == .exited(0))
            #expect(try await site.job("job-1").state == .queued)
            #expect(site.staged.isEmpty)
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
            let phases = try await site.settledEvents().of("job-1").phases
            #expect(phases == ["accepted", "started", "started", "completed"])
            #expect(try await site.job("job-1").failedAttempts == 0)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 50_000).all)
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
            #expect(try await first.waitForEnd(limit: .seconds(5)) == .exited(0))
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 50_000).all)
            #expect(site.staged.isEmpty && site.objects.count == 1)
        }
    }
}
