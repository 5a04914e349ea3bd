import ImageModel
import RabbitMQ
import TestSupport
import Testing

@Suite("What is done to images", .needsBroker, .timeLimit(.minutes(10)))
struct LifecycleTests {
    @Test("An import, a share and a delete chained with `after` run in that order, though sent the other way round")
    func chain() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let worker = try site.startWorker()
            try await site.publish(
                site.job("delete", "job-3", image: "image-1").setting("after", to: ["job-2"]))
            try await site.event("accepted", of: "job-3")
            try await site.publish(
                site.job("share", "job-2", image: "image-1").setting("after", to: ["job-1"])
                    .setting("share", to: ["action": "offer", "member": "acct-2"]))
            try await site.event("accepted", of: "job-2")
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            #expect(try await site.end(of: "job-3").phase == "completed")
            try await site.stop(worker)
            let ends = try await site.settledEvents().filter { $0.phase == "completed" }
            #expect(ends.map(\.jobID) == ["job-1", "job-2", "job-3"])
            #expect(ends.map(\.step) == ["import.completed", "share.completed", "delete.completed"])
            #expect(ends[1].data["share", "status"].text == "pending")
            #expect(try await site.image("image-1").status == .deleted)
            #expect(site.objects.isEmpty && site.staged.isEmpty)
        }
    }

    @Test("When a predecessor fails, what was to follow it fails without being tried")
    func failedPredecessor() async throws {
        try await withSite { site in
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-2", path: "/also-absent").setting("after", to: ["job-1"]))
            try await site.publish(site.importJob("job-1", path: "/absent"))
            let end = try await site.end(of: "job-2")
            try await site.stop(worker)
            #expect(end.errorCode == "predecessor_failed")
            #expect(end.data["error", "cause", "code"].text == "source_not_found")
            #expect(site.origin.journal.entries.requests(for: "/also-absent").isEmpty)
        }
    }

    @Test("A delete during an import cancels it, then deletes")
    func deleteWhileImporting() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 1 << 20).holding(after: 500_000, until: gate))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            try await site.publish(site.job("delete", "job-2", image: "image-1"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.stop(worker)
            #expect(try await site.image("image-1").status == .deleted)
            #expect(site.objects.isEmpty && site.staged.isEmpty)
            let sequences = try await site.settledEvents().compactMap(\.sequence)
            #expect(sequences == sequences.sorted() && Set(sequences).count == sequences.count)
        }
    }

    @Test("A deleted image's id is never used again")
    func gone() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            try await site.publish(site.job("delete", "job-2", image: "image-1"))
            _ = try await site.end(of: "job-2")
            try await site.publish(site.importJob("job-3", image: "image-1", path: "/image"))
            let end = try await site.end(of: "job-3")
            try await site.stop(worker)
            #expect(end.errorCode == "image_gone")
        }
    }

    @Test("A protected image is not deleted until an update takes the protection away")
    func protected() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("image", "protected", to: true))
            _ = try await site.end(of: "job-1")
            try await site.publish(site.job("delete", "job-2", image: "image-1"))
            #expect(try await site.end(of: "job-2").errorCode == "image_protected")
            #expect(site.objects.count == 1)
            try await site.publish(
                site.job("update", "job-3", image: "image-1").setting("set", to: ["protected": false]))
            #expect(try await site.end(of: "job-3").phase == "completed")
            try await site.publish(site.job("delete", "job-4", image: "image-1"))
            #expect(try await site.end(of: "job-4").phase == "completed")
            try await site.stop(worker)
            #expect(site.objects.isEmpty)
        }
    }

    @Test("With one slot, waiting jobs run by priority, and in their order where it is the same")
    func priorities() async throws {
        try await withSite(["worker.slots.import": "1"]) { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 5_000).holding(after: 1_000, until: gate))
            site.origin.serve("/image", .pattern(size: 5_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("first", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            for (job, priority) in [("low", 0), ("default-1", 4), ("high", 9), ("default-2", 4)] {
                try await site.publish(site.importJob(job, path: "/image").setting("priority", to: .integer(priority)))
                try await site.event("accepted", of: job)
            }
            gate.open()
            _ = try await site.end(of: "low")
            try await site.stop(worker)
            let started = try await site.settledEvents().filter { $0.phase == "started" }.compactMap(\.jobID)
            #expect(Array(started.dropFirst()) == ["high", "default-1", "default-2", "low"])
        }
    }

    @Test("A share goes from offer to acceptance, is told to the member too, and only the right accounts may")
    func share() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 5_000))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("image", "owner", to: "acct-1"))
            _ = try await site.end(of: "job-1")
            func share(_ id: String, _ action: String, by account: String) async throws -> Received {
                try await site.publish(
                    site.job("share", id, image: "image-1").setting("actor", "account", to: .string(account))
                        .setting("share", to: ["action": .string(action), "member": "acct-2"]))
                return try await site.end(of: id)
            }
            #expect(try await share("job-2", "offer", by: "acct-3").errorCode == "not_owner")
            let offer = try await share("job-3", "offer", by: "acct-1")
            #expect(offer.phase == "completed" && offer.data["share", "status"].text == "pending")
            #expect(offer.properties.headers?["CC"] == .array([.string("image.share.completed.acct-2")]))
            #expect(try await share("job-4", "accept", by: "acct-1").errorCode == "not_member")
            #expect(try await share("job-5", "accept", by: "acct-2").data["share", "status"].text == "accepted")
            #expect(try await share("job-6", "offer", by: "acct-1").errorCode == "member_exists")
            let shared = try await site.run("images", "list", "--shared-with", "acct-2", "--json")
            #expect(shared.json.elements.map { $0["id"].text } == ["image-1"])
            #expect(try await share("job-7", "revoke", by: "acct-1").data["share", "status"].text == "stopped")
            try await site.stop(worker)
        }
    }

    @Test("A job on an image nobody has heard of waits for a while, then fails")
    func unknownImage() async throws {
        try await withSite(["worker.unknown_grace": "1s"]) { site in
            let worker = try site.startWorker()
            try await site.publish(site.job("delete", "job-1", image: "nowhere"))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.errorCode == "image_not_found")
        }
    }
}
