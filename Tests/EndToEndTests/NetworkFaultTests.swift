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
            jobs = try await site.finish(jobs, worker)
            #expect(proxy.traffic.value.sprung == 3)
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
}
