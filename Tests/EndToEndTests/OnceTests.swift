import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("`worker --once`", .needsBroker, .timeLimit(.minutes(10)))
struct OnceTests {
    @Test("Runs one job that others took in, sends its events, and ends by its outcome")
    func outcomes() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 50_000))
            let intake = try await site.startReadyWorker(["worker.roles": "intake,relay"])
            for (job, path) in [("job-1", "/image"), ("job-2", "/missing"), ("job-3", "/image")] {
                try await site.publish(site.importJob(job, image: "of-\(job)", path: path))
                try await site.event("accepted", of: job)
            }
            // Without anybody else who sends events, its own ones are out when it has ended.
            try await site.stop(intake)
            let first = try await site.run("worker", "--once")
            #expect(first.end == .exited(0) && first.output == ["job job-1 succeeded"], "\(first)")
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "completed"])
            #expect(try await site.job("job-3").state == .queued)
            let second = try await site.run("worker", "--once", "--json")
            #expect(second.end == .exited(1), "\(second)")
            #expect(second.json["job", "state"].text == "failed")
            #expect(second.errors.contains { $0.contains("job-2") && $0.contains("source_not_found") })
            #expect(try await site.settledEvents().of("job-2").phases == ["accepted", "started", "failed"])
            #expect(try await site.storedBytes(of: "of-job-1") == PatternBytes(size: 50_000).all)
        }
    }

    @Test("Without a job it says so and ends with 0 after --timeout; a job that comes before is run")
    func patience() async throws {
        try await withSite { site in
            let idle = try await site.run("worker", "--once", "--timeout", "100ms")
            #expect(idle.end == .exited(0) && idle.output == ["nothing to do"], "\(idle)")
            site.origin.serve("/image", .pattern(size: 50_000))
            let waiting = try await site.startReadyWorker(["worker.roles": "intake"], directions: 1)
            let once = try site.start(["worker", "--once", "--timeout", "10m"])
            try await once.errors.wait(for: "a worker that runs") { $0.contains { $0.contains("Worker runs") } }
            try await site.publish(site.importJob("job-1", path: "/image"))
            #expect(try await once.waitForEnd() == .exited(0))
            #expect(once.output.entries == ["job job-1 succeeded"])
            try await site.stop(waiting)
        }
    }

    @Test("SIGTERM gives its job back without counting an attempt, and ends it with 0")
    func drains() async throws {
        try await withSite(["worker.drain": "1s"]) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 50_000)
            site.origin.serve("/image", image.holding(after: 10_000, until: gate), image)
            let intake = try await site.startReadyWorker(["worker.roles": "intake,relay"])
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            try await site.event("accepted", of: "job-1")
            let once = try site.start(["worker", "--once"])
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            once.signal(SIGTERM)
            #expect(try await once.waitForEnd() == .exited(0))
            #expect(once.output.entries == ["job job-1 is queued and goes on later"])
            #expect(try await site.job("job-1").failedAttempts == 0)
            let next = try await site.run("worker", "--once")
            #expect(next.end == .exited(0) && next.output == ["job job-1 succeeded"], "\(next)")
            try await site.stop(intake)
        }
    }

    @Test("A second signal ends it now with 130, and the job goes on elsewhere")
    func interrupted() async throws {
        try await withSite(["worker.drain": "10m"]) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 50_000)
            site.origin.serve("/image", image.holding(after: 10_000, until: gate), image)
            let intake = try await site.startReadyWorker(["worker.roles": "intake,relay"])
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            try await site.event("accepted", of: "job-1")
            let once = try site.start(["worker", "--once"])
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            once.signal(SIGTERM)
            try await once.errors.wait(for: "the drain") { $0.contains { $0.contains("Draining") } }
            once.signal(SIGTERM)
            #expect(try await once.waitForEnd() == .exited(130))
            #expect(once.output.entries.isEmpty)
            #expect(once.errors.entries.contains { $0.contains("longshore: interrupted") })
            try await site.stop(intake)
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 50_000).all)
        }
    }
}
