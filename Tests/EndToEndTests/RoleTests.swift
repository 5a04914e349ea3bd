import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Workers with a part of the duties", .needsBroker, .timeLimit(.minutes(10)))
struct RoleTests {
    /// Goal: each role does its own part and nothing else. Method: workers of one role are started one after the other,
    /// and what the last one started is all that goes on.
    @Test("A job goes its way through one worker for each role, and no further than the roles that are there")
    func apart() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 50_000))
            let elsewhere = ["stores.default.url": "file://\(site.directory)/not-mounted-here"]
            let intake = try await site.start(only: "intake", elsewhere)
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            try await site.untilAccepted("job-1")
            #expect(try await site.unpublished().count == 1)

            let relay = try await site.start(only: "relay", elsewhere)
            try await site.event("accepted", of: "job-1")
            #expect(site.origin.journal.entries.requests(for: "/image").isEmpty)

            let run = try await site.start(only: "run")
            #expect(try await site.end(of: "job-1").phase == "completed")
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 50_000).all)
            for worker in [run, relay, intake] { try await site.stop(worker) }
        }
    }

    @Test("What one worker is asked to cancel another one ends, whatever their roles")
    func cancelAcross() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 50_000).holding(after: 1_000, until: gate))
            let intake = try await site.startReadyWorker(["worker.roles": "intake,relay,sweep"])
            let run = try await site.start(only: "run")
            try await site.publish(site.importJob("job-1", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            for worker in [run, intake] { try await site.stop(worker) }
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("A role that does not exist is 2, and the ones that do are named")
    func unknownRole() async throws {
        try await withSite { site in
            let worker = try site.startWorker(["worker.roles": "intake,clean"])
            #expect(try await worker.waitForEnd() == .exited(2))
            let said = worker.errors.entries.joined()
            #expect(said.contains("clean") && said.contains("sweep"))
        }
    }
}

extension Site {
    /// Starts a worker with one role, which connects in one direction.
    fileprivate func start(only role: String, _ settings: [String: String] = [:]) async throws -> Program {
        try await startReadyWorker(["worker.roles": role].merging(settings) { $1 }, directions: 1)
    }

    /// Waits until the catalog has a job; no event tells where nobody relays them.
    fileprivate func untilAccepted(_ job: String) async throws {
        let id = try #require(JobID(job))
        let catalog = try catalog()
        while try await catalog.read({ try $0.job(id) }) == nil { try await Task.sleep(for: .milliseconds(50)) }
    }
}
