import TestSupport
import Testing

@Suite("A faulty network between worker and origin, and origins that misbehave", .needsBroker, .timeLimit(.minutes(10)))
struct OriginFaultTests {
    /// What the answers' first bytes are: a head of some 150 bytes, then 60,000 of the image.
    static let cuts = [1, 20, 150, 5_000, 30_001, 60_000]

    @Test("A connection to the origin that is reset at any byte is gone on with or begun again", arguments: cuts)
    func reset(_ bytes: Int) async throws {
        try await withSite { site in
            let proxy = try Proxy(to: site.origin.port, framed: false)
            await proxy.arm(.cut(after: bytes, .toClient, times: 3))
            let jobs = try await site.publishImports(3, through: proxy)
            let worker = try site.startWorker(["fetch.allow_private": "127.0.0.1:\(proxy.port)"])
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.stop(worker)
            #expect(proxy.traffic.value.sprung == 3)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("An origin behind a network that hands on single bytes is imported rightly")
    func sliced() async throws {
        try await withSite { site in
            let proxy = try Proxy(to: site.origin.port, framed: false)
            await proxy.set(.sliced)
            let jobs = try await site.publishImports(2, through: proxy)
            let worker = try site.startWorker(["fetch.allow_private": "127.0.0.1:\(proxy.port)"])
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.stop(worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("A transfer that falls silent is given up after fetch.timeouts.stall and goes on when the network is back")
    func silent() async throws {
        let patience = ["fetch.timeouts.stall": "1s", "fetch.timeouts.header": "1s"]
        try await withSite(patience.merging(["retry.base": "500ms", "retry.max": "1s"]) { $1 }) { site in
            let proxy = try Proxy(to: site.origin.port, framed: false)
            let jobs = try await site.publishImports(3, through: proxy)
            let worker = try site.startWorker(["fetch.allow_private": "127.0.0.1:\(proxy.port)"])
            await proxy.traffic.wait { $0.bytesToClient > 20_000 }
            await proxy.set(.silent(.toClient))
            try await worker.errors.wait(for: "another connection") { $0.contains { $0.contains("A fetch was cut") } }
            await proxy.set(.clear)
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.stop(worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("A head that trickles in byte by byte does not hold a slot for ever")
    func slowLoris() async throws {
        try await withSite(["fetch.timeouts.stall": "1s", "fetch.timeouts.header": "2s"]) { site in
            let proxy = try Proxy(to: site.origin.port, framed: false)
            site.origin.serve("/lot", .pattern(size: 1_000))
            await proxy.set(.slow(bytesPerSecond: 4))
            let worker = try site.startWorker(["fetch.allow_private": "127.0.0.1:\(proxy.port)"])
            let job = site.importJob("job-1", path: "/lot").setting("max_attempts", to: 2)
                .setting("source", "url", to: .string("http://127.0.0.1:\(proxy.port)/lot"))
            try await site.publish(job)
            let end = try await site.end(of: "job-1")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(end.errorCode == "attempts_exhausted")
            #expect(end.data["error", "cause", "code"].text == "source_unavailable")
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("An origin that is overloaded three times of four gets all its imports done")
    func overloaded() async throws {
        try await withSite { site in
            let busy = OriginAnswer.status(503)
            let jobs = (1...6).map { "job-\($0)" }
            let worker = try site.startWorker()
            // One after the other: five failures in a row would give the host a rest of ten seconds and more.
            for job in jobs {
                site.origin.serve("/\(job)", busy, busy, busy, .pattern(size: 60_000, seed: 7))
                try await site.publish(site.importJob(job, image: "of-\(job)", path: "/\(job)"))
                #expect(try await site.end(of: job).phase == "completed")
            }
            try await site.stop(worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("A redirect that leads to itself ends the job at once, with its code")
    func redirectLoop() async throws {
        try await withSite { site in
            site.origin.serve("/a", .redirect(to: "/b"))
            site.origin.serve("/b", .redirect(to: "/a"))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/a"))
            let end = try await site.end(of: "job-1")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(end.phase == "failed" && end.errorCode == "source_redirect")
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }
}

extension Site {
    fileprivate func publishImports(_ count: Int, through proxy: Proxy) async throws -> [String] {
        origin.serve("/lot", .pattern(size: 60_000, seed: 7).etag("\"lot\"").trickling(bytes: 20_000, milliseconds: 30))
        let jobs = (1...count).map { "job-\($0)" }
        for job in jobs {
            let url = JSON.string("http://127.0.0.1:\(proxy.port)/lot")
            try await publish(importJob(job, image: "of-\(job)", path: "/lot").setting("source", "url", to: url))
        }
        return jobs
    }
}
