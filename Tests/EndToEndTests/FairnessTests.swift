import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Owners and source hosts that share the workers", .needsBroker, .timeLimit(.minutes(10)))
struct FairnessTests {
    private static func importJob(_ id: String, owner: String, path: String, at site: Site) -> JSON {
        site.importJob(id, path: path).setting("actor", to: ["account": .string(owner)])
    }

    @Test("Imports of one owner hold up no other's, and limits.owner.running is kept by two workers together")
    func turnsAndLimits() async throws {
        let settings = ["limits.owner.running": "3", "worker.slots.import": "2"]
        try await withSite(settings) { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 50_000).holding(after: 10_000, until: gate))
            site.origin.serve("/image", .pattern(size: 50_000))
            let workers = [try await site.startReadyWorker(), try await site.startReadyWorker()]
            for number in 0..<20 {
                try await site.publish(Self.importJob("a-\(number)", owner: "a", path: "/held", at: site))
            }
            await site.origin.journal.wait { $0.held["/held"] == 3 }
            for number in 0..<5 {
                try await site.publish(Self.importJob("b-\(number)", owner: "b", path: "/image", at: site))
            }
            for number in 0..<5 { #expect(try await site.end(of: "b-\(number)").phase == "completed") }
            // Four slots, one of them free: what is missing is no slot.
            let running = try await site.catalog().read { try $0.runningByOwner() }
            #expect(running == [AccountID("a"): 3])
            let shown = try await site.run("jobs", "show", "a-19")
            #expect(shown.json["job", "state"].text == "queued")
            #expect(shown.json["job", "reason"].text == "owner a: 3 running, limits.owner.running is 3")
            gate.open()
            let jobs = (0..<20).map { "a-\($0)" } + (0..<5).map { "b-\($0)" }
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.expectSoundness(of: jobs, after: workers[0], workers[1])
        }
    }

    /// Goal: neither many tiny jobs nor a few long ones keep the others from their turn. Method: ten imports of one owner that
    /// do not end while a gate is closed, of which three may run in four slots: hundreds of others must end meanwhile, and so
    /// must jobs of another kind. Then tiny ones keep coming, so that some always wait, until the long ones have ended.
    @Test("Hundreds of tiny imports end while long ones run, and long ones end while tiny ones keep coming")
    func lanes() async throws {
        let settings = ["limits.owner.running": "3", "worker.slots.import": "4", "broker.queue_type": "quorum"]
        try await withSite(settings) { site in
            let gate = Gate()
            let long = OriginAnswer.pattern(size: 60_000).trickling(bytes: 10_000, milliseconds: 100)
            site.origin.serve("/long", long.holding(after: 10_000, until: gate))
            site.origin.serve("/tiny", .pattern(size: 100))
            let worker = try await site.startReadyWorker()
            var jobs = (1...10).map { "long-\($0)" }
            for job in jobs { try await site.publish(Self.importJob(job, owner: "a", path: "/long", at: site)) }
            await site.origin.journal.wait { $0.held["/long"] == 3 }

            var tiny: [String] = []
            func publishTiny(_ count: Int) async throws {
                for number in tiny.count..<(tiny.count + count) {
                    tiny.append("tiny-\(number)")
                    let owner = "b-\(number % 3)"
                    try await site.publish(Self.importJob("tiny-\(number)", owner: owner, path: "/tiny", at: site))
                }
            }
            try await publishTiny(300)
            for job in tiny { #expect(try await site.end(of: job).phase == "completed") }
            let update = site.job("update", "update", image: "image-of-tiny-0").setting("set", to: ["description": "d"])
            try await site.publish(update)
            #expect(try await site.end(of: "update").phase == "completed")
            #expect(!site.events.entries.contains { $0.jobID?.hasPrefix("long-") == true && $0.isTerminal })

            try await publishTiny(60)
            gate.open()
            let ended: @Sendable (Received) -> Bool = { $0.jobID?.hasPrefix("long-") == true && $0.isTerminal }
            while site.events.entries.count(where: ended) < 10 {
                try await publishTiny(30)
                _ = try await site.end(of: tiny[tiny.count - 60])
            }
            for job in jobs + tiny { #expect(try await site.end(of: job).phase == "completed") }
            jobs += tiny + ["update"]
            try await site.expectSoundness(of: jobs, after: worker)
        }
    }

    @Test("A host that keeps failing is left alone by all workers, and its jobs say why and use no attempt up")
    func hostRests() async throws {
        try await withSite { site in
            site.origin.serve("/away", .status(503), .status(503), .status(503), .status(503), .status(503), image)
            let workers = [try await site.startReadyWorker(), try await site.startReadyWorker()]
            try await site.publish(site.importJob("job-1", path: "/away"))
            try await site.events.wait(for: "five attempts") { events in
                events.count { $0.jobID == "job-1" && $0.phase == "retrying" } == 5
            }
            try await site.publish(site.importJob("job-2", path: "/away"))
            try await site.event("accepted", of: "job-2")
            let shown = try await site.run("jobs", "show", "job-2")
            let reason = try #require(shown.json["job", "reason"].text, "\(shown.output)")
            #expect(reason.hasPrefix("source host 127.0.0.1 rests until "))
            #expect(try await site.job("job-2").attempt == 0)
            // The probe succeeds, and the other job follows.
            for job in ["job-1", "job-2"] { #expect(try await site.end(of: job).phase == "completed") }
            #expect(try await site.job("job-2").attempt == 1)
            let health = try await site.catalog().read { try $0.health(ofHost: "127.0.0.1") }
            #expect(health == nil)
            for worker in workers { try await site.stop(worker) }
        }
    }

    @Test("An owner's quota refuses what is too much, before a byte comes if it tells its length, and keeps none of it")
    func quotas() async throws {
        try await withSite(["limits.owner.images": "2", "limits.owner.bytes": "120000"]) { site in
            site.origin.serve("/image", image)
            site.origin.serve("/large", .pattern(size: 80_000))
            site.origin.serve("/unknown", .pattern(size: 80_000).chunked())
            let worker = try await site.startReadyWorker()
            try await site.publish(Self.importJob("first", owner: "a", path: "/image", at: site))
            #expect(try await site.end(of: "first").phase == "completed")
            for path in ["large", "unknown"] {
                try await site.publish(Self.importJob(path, owner: "a", path: "/\(path)", at: site))
                let end = try await site.end(of: path)
                #expect(end.errorCode == "quota_exceeded")
            }
            try await site.publish(Self.importJob("other", owner: "b", path: "/large", at: site))
            #expect(try await site.end(of: "other").phase == "completed")
            for id in ["second", "third"] {
                try await site.publish(Self.importJob(id, owner: "a", path: "/image", at: site))
            }
            let ends = [try await site.end(of: "second"), try await site.end(of: "third")]
            #expect(Set(ends.map(\.phase)) == ["completed", "failed"])
            try await site.stop(worker)
            #expect(site.objects.count == 3 && site.staged.isEmpty)
        }
    }

    private var image: OriginAnswer { .pattern(size: 50_000) }
}
