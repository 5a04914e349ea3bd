import ImageModel
import TestSupport
import Testing

@Suite("Jobs whose end is asked for", .needsBroker, .timeLimit(.minutes(10)))
struct CancelTests {
    @Test("A running import, stalled at its source, is cancelled promptly and leaves no byte")
    func running() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 1 << 20).holding(after: 500_000, until: gate))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            #expect(try await site.end(of: "cancel-1").phase == "completed")
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "cancelled")
            #expect(end.data["image", "status"].text == "cancelled")
            // The connection to the source was cut, not only forgotten.
            await site.origin.journal.wait { $0.closed == $0.accepted }
            try await site.stop(worker)
            #expect(try await site.image("image-1").status == .cancelled)
            #expect(site.staged.isEmpty && site.objects.isEmpty)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "cancelled"])
        }
    }

    @Test("A job that waits for a slot is cancelled and never fetched")
    func queued() async throws {
        try await withSite(["worker.slots.import": "1"]) { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 50_000).holding(after: 1_000, until: gate))
            site.origin.serve("/never", .pattern(size: 50_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            try await site.publish(site.importJob("job-2", image: "image-2", path: "/never"))
            try await site.event("accepted", of: "job-2")
            try await site.publish(site.cancel("cancel-2", of: "job-2"))
            #expect(try await site.end(of: "job-2").phase == "cancelled")
            gate.open()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            #expect(try await site.image("image-2").status == .cancelled)
            #expect(site.origin.journal.entries.requests(for: "/never").isEmpty)
        }
    }

    @Test("A job that waits for its next attempt is cancelled at once")
    func retrying() async throws {
        try await withSite(["retry.base": "10m", "retry.max": "10m"]) { site in
            site.origin.serve("/image", .status(503))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image"))
            try await site.event("retrying", of: "job-1")
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            try await site.stop(worker)
        }
    }

    @Test("A cancel that comes before its job completes and is remembered: the job is accepted and at once cancelled")
    func before() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10))
            let worker = try site.startWorker()
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            #expect(try await site.end(of: "cancel-1").phase == "completed")
            try await site.publish(site.importJob("job-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            try await site.stop(worker)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "cancelled"])
            #expect(site.origin.journal.entries.accepted == 0)
        }
    }

    @Test("A job that has ended cannot be cancelled any more")
    func tooLate() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            let end = try await site.end(of: "cancel-1")
            try await site.stop(worker)
            #expect(end.phase == "failed" && end.errorCode == "job_finished")
        }
    }

    @Test("A cancelled image's id can be imported again by its owner")
    func again() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let worker = try site.startWorker()
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            _ = try await site.end(of: "cancel-1")
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            try await site.publish(site.importJob("job-2", image: "image-1", path: "/image"))
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.stop(worker)
            let sequences = try await site.settledEvents().filter { $0.json["subject"].text == "image-1" }
                .filter { $0.jobID != "cancel-1" }.compactMap(\.sequence)
            #expect(sequences == Array(1...5))
        }
    }
}
