import TestSupport
import Testing

@Suite("A faulty network between worker and broker", .needsBroker, .timeLimit(.minutes(10)))
struct NetworkFaultTests {
    /// Where a connection is cut, and how often.
    struct Cut: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let traps: [Trap]
    }

    static let cuts: [Cut] = [
        Cut(
            testDescription: "in the handshake",
            traps: [.cut(after: 4, .toServer), .cut(after: 100, .toClient), .cut(after: 300, .toServer)]),
        Cut(testDescription: "while it declares", traps: [.cut(at: MethodID(50, 10), keeping: 9, .toServer, times: 3)]),
        Cut(
            testDescription: "while it begins to consume",
            traps: [.cut(at: .consume, keeping: 20, .toServer), .cut(at: .consumeOK, keeping: 5, .toClient, times: 2)]),
        Cut(testDescription: "in a frame it publishes", traps: [.cut(at: .publish, keeping: 12, .toServer, times: 3)]),
        Cut(testDescription: "in the body it publishes", traps: [.cutBody(keeping: 100, .toServer, times: 3)]),
        Cut(testDescription: "in a delivery", traps: [.cut(at: .deliver, keeping: 12, .toClient, times: 3)]),
        Cut(testDescription: "in the body of a delivery", traps: [.cutBody(keeping: 50, .toClient, times: 3)]),
        Cut(testDescription: "in an acknowledgement", traps: [.cut(at: .ack, keeping: 15, .toServer, times: 3)]),
        Cut(testDescription: "in a confirm", traps: [.cut(at: .ack, keeping: 15, .toClient, times: 3)]),
    ]

    @Test("A connection that is reset at the worst moments loses nothing and doubles nothing", arguments: cuts)
    func reset(_ cut: Cut) async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            for trap in cut.traps { await proxy.arm(trap) }
            var jobs = try await site.publishImports(8)
            let worker = try site.startWorker(try site.through(proxy))
            await proxy.traffic.wait { $0.sprung == 3 }
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("A network that hands on single bytes changes nothing")
    func sliced() async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            await proxy.set(.sliced)
            var jobs = try await site.publishImports(8)
            let worker = try site.startWorker(try site.through(proxy))
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("Confirms that never come before the connection is dropped: the events are sent again under the same ids")
    func withheldConfirms() async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            await proxy.arm(.drop(.ack, .toClient))
            var jobs = try await site.publishImports(8)
            let worker = try site.startWorker(try site.through(proxy))
            await proxy.traffic.wait { $0.sprung >= 1 }
            try await site.event("accepted", of: "job-1")
            await proxy.disarm()
            await proxy.reset()
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
            let accepted = try await site.settledEvents().of("job-1").filter { $0.phase == "accepted" }
            #expect(accepted.count >= 2, "the broker had the event, and the worker could not know")
            #expect(Set(accepted.map(\.id)).count == 1)
        }
    }

    /// Silence for longer than the heartbeat, in every way a network can fall silent.
    static let silences: [(String, LinkCondition)] = [
        ("both ways", .blackhole), ("towards the broker", .silent(.toServer)),
        ("towards the worker", .silent(.toClient)),
    ]

    @Test("A network that falls silent is noticed by its missing heartbeats, and left behind", arguments: silences)
    func silent(_ way: String, _ condition: LinkCondition) async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            await proxy.arm(.heartbeat(seconds: 3))
            var jobs = try await site.publishImports(10)
            let worker = try await site.startReadyWorker(try site.through(proxy))
            try await site.events.wait(for: "some events") { $0.count >= 8 }
            await proxy.set(condition)
            try await worker.errors.wait(for: "the loss of both connections") { lines in
                lines.count { $0.contains("no connection to the broker") } >= 2
            }
            await proxy.set(.clear)
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("A silence that is shorter than the heartbeat costs nothing, not even the connection")
    func shortSilence() async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            var jobs = try await site.publishImports(6)
            let worker = try await site.startReadyWorker(try site.through(proxy))
            try await site.events.wait(for: "some events") { $0.count >= 4 }
            await proxy.set(.blackhole)
            try await worker.errors.wait(for: "the end of all jobs") { lines in
                lines.count { $0.contains("Job left this worker") } >= 4
            }
            await proxy.set(.clear)
            jobs = try await site.finish(jobs, worker)
            #expect(worker.errors.entries.connections == 3)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test(
        "A narrow link and a long one are slow and nothing else",
        arguments: [("4 kB/s", LinkCondition.slow(bytesPerSecond: 4_000)), ("2 s away", .distant(.seconds(1)))])
    func slow(_ what: String, _ condition: LinkCondition) async throws {
        try await withSite(["events.progress_interval": "1h"]) { site in
            let proxy = try site.brokerProxy()
            var jobs = try await site.publishImports(4)
            let worker = try site.startWorker(try site.through(proxy))
            try await site.event("accepted", of: "job-1")
            await proxy.set(condition)
            jobs = try await site.finish(jobs, worker)
            #expect(!worker.errors.entries.contains { $0.contains("no connection to the broker") })
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("Jobs end rightly when each piece from and to broker and origin takes another time", arguments: [1, 2])
    func jitter(seed: UInt64) async throws {
        try await withSite(["events.progress_interval": "1h"]) { site in
            let (broker, origin) = (try site.brokerProxy(), try Proxy(to: site.origin.port, framed: false))
            await broker.set(.jittery(upTo: .milliseconds(1_500), seed: seed))
            await origin.set(.jittery(upTo: .milliseconds(300), seed: seed))
            site.origin.serve("/lot", .pattern(size: 60_000, seed: 7).etag("\"lot\""))
            let allowed = ["fetch.allow_private": "\(site.origin.rule),127.0.0.1:\(origin.port)"]
            let worker = try site.startWorker(try site.through(broker).merging(allowed) { $1 })
            let jobs = (1...6).map { "job-\($0)" }
            for job in jobs {
                let url = JSON.string("http://127.0.0.1:\(origin.port)/lot")
                let work = site.importJob(job, image: "of-\(job)", path: "/lot")
                try await site.publish(work.setting("source", "url", to: url))
            }
            let all = try await site.finish(jobs, worker)
            #expect(!worker.errors.entries.contains { $0.contains("no connection to the broker") })
            try await site.expectNothingLost(all)
        }
    }

    @Test("A lost acknowledgement delivers finished jobs again, and they are not done again")
    func lostAcknowledgements() async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            await proxy.arm(.drop(.ack, .toServer))
            var jobs = try await site.publishImports(6)
            let worker = try site.startWorker(try site.through(proxy))
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            await proxy.disarm()
            await proxy.reset()
            jobs = try await site.finish(jobs, worker)
            #expect(site.origin.journal.entries.requests(for: "/lot").count == jobs.count)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("Of a list of brokers the next is used when one has no address or is gone, in both directions")
    func failover() async throws {
        try await withSite { site in
            let (first, second) = (try site.brokerProxy(), try site.brokerProxy())
            var jobs = try await site.publishImports(12)
            // A name of which no resolver may know an address (RFC 6761, section 6.4).
            let settings = try site.through(first, second, after: "broker.invalid")
            let worker = try site.startWorker(settings)
            try await site.events.wait(for: "some events") { $0.count >= 6 }
            await first.set(.refusing)
            await first.reset()
            await second.traffic.wait { $0.open >= 2 }
            try await site.events.wait(for: "more events") { $0.count >= 20 }
            await first.set(.clear)
            await second.set(.refusing)
            await second.reset()
            await first.traffic.wait { $0.open >= 2 }
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test("A worker that is asked to stop while its broker is away stops; the next one says what is left to say")
    func stoppedWhileAway() async throws {
        try await withSite { site in
            let proxy = try site.brokerProxy()
            var jobs = try await site.publishImports(6)
            let first = try site.startWorker(try site.through(proxy))
            try await site.events.wait(for: "some events") { $0.count >= 4 }
            await proxy.set(.refusing)
            await proxy.reset()
            try await first.errors.wait(for: "the loss") { $0.contains { $0.contains("no connection to the broker") } }
            try await site.stop(first)
            let second = try site.startWorker()
            jobs = try await site.finish(jobs, second)
            try await site.expectNothingLost(jobs)
        }
    }
}
