import Foundation
import ImageModel
import TestSupport
import Testing

/// What is felt by a whole node happens to one of the suite's own, one after another.
@Suite("A broker that fails", .needsBroker, .ownBroker, .serialized, .timeLimit(.minutes(10)))
struct BrokerFaultTests {
    /// How a broker goes away.
    enum Departure: String, Sendable {
        case halted
        case killed
    }

    @Test(
        "A broker that goes away among the jobs and comes back loses nothing and doubles nothing",
        arguments: [(Departure.halted, "quorum"), (.killed, "quorum"), (.killed, "classic")])
    func goesAway(_ departure: Departure, _ queues: String) async throws {
        let node = try OwnBroker.current
        try await withSite(["broker.queue_type": queues], broker: node.url) { site in
            var jobs = try await site.publishImports(12)
            let worker = try site.startWorker()
            try await site.events.wait(for: "some events") { $0.count >= 8 }
            switch departure {
            case .halted: try await node.halt()
            case .killed: try await node.kill()
            }
            try await worker.errors.wait(for: "the loss") { $0.contains { $0.contains("no connection to the broker") } }
            try await node.resume()
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    /// A limit of the broker, a value that is exceeded and one that is not.
    struct Alarm: Sendable, CustomTestStringConvertible {
        var limit: String
        var raising: String
        var lowering: String

        var testDescription: String { limit }
    }

    /// Goal: an alarm slows the relay and nothing else. Method: two slots and a backlog of two, so that most jobs are
    /// still on the broker when it is raised; all must run while no event can leave.
    @Test(
        "Under an alarm of memory or disk jobs are consumed, acknowledged and run; their events follow when it is over",
        arguments: [
            Alarm(limit: "set_vm_memory_high_watermark", raising: "0.0001", lowering: "0.4"),
            Alarm(limit: "set_disk_free_limit", raising: "1000000GB", lowering: "1MB"),
        ])
    func alarm(_ alarm: Alarm) async throws {
        let node = try OwnBroker.current
        let settings = ["worker.intake.backlog": "2", "worker.slots.import": "2"]
        try await withSite(settings, broker: node.url) { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 1_000, seed: 7).holding(after: 10, until: gate))
            let first = site.importJob("held", image: "of-held", path: "/held")
            let port = try Origin().port
            let worker = try site.startWorker(["health.listen": "127.0.0.1:\(port)"])
            try await site.publish(first)
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            var jobs = try await site.publishImports(10, size: 1_000)
            try await node.control(alarm.limit, alarm.raising)
            let seen = site.events.entries.count
            gate.open()
            try await worker.errors.wait(for: "the end of all jobs") { lines in
                lines.count { $0.contains("Job left this worker") } == 11
            }
            #expect(site.events.entries.count - seen < 10, "an alarm that lets events through is none")
            // Declaring the topology and beginning to consume are not publishing.
            try await site.stop(try await site.startReadyWorker())
            let ready = try await site.get("http://127.0.0.1:\(port)/readyz")
            #expect(ready.status == 503 && ready.body["broker"].text == "publishing is blocked")
            #expect(try await site.get("http://127.0.0.1:\(port)/healthz").status == 200)
            try await node.control(alarm.limit, alarm.lowering)
            jobs = try await site.finish(jobs + ["held"], worker)
            try await site.expectNothingLost(jobs, size: 1_000)
        }
    }

    @Test("Connections that the operator closes, twice, cost nothing")
    func closedByOperator() async throws {
        let node = try OwnBroker.current
        try await withSite(broker: node.url) { site in
            var jobs = try await site.publishImports(12)
            let worker = try site.startWorker()
            for count in [6, 18] {
                try await site.events.wait(for: "some events") { $0.count >= count }
                try await node.control("close_all_connections", "maintenance")
            }
            jobs = try await site.finish(jobs, worker)
            #expect(worker.errors.entries.contains { $0.contains("maintenance") }, "the log says what happened")
            try await site.expectNothingLost(jobs)
        }
    }

    /// Something an operator takes away from the worker's user, and what the log then says.
    struct Revocation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let command: [String]
        let complaint: String
    }

    static let revocations = [
        Revocation(
            testDescription: "the password", command: ["change_password", "worker", "second"],
            complaint: "refused the login"),
        Revocation(
            testDescription: "the permissions to read and write",
            command: ["set_permissions", "worker", ".*", "^$", "^$"], complaint: "ACCESS_REFUSED"),
    ]

    @Test("What the worker may no longer do is said in its log, and done when it may again", arguments: revocations)
    func revoked(_ revocation: Revocation) async throws {
        let node = try OwnBroker.current
        try await node.control("add_user", "worker", "first-canary")
        try await node.control("set_permissions", "worker", ".*", ".*", ".*")
        try await withSite(broker: node.url) { site in
            var jobs = try await site.publishImports(8)
            let url = node.url.replacing("guest:guest", with: "worker:first-canary")
            let worker = try site.startWorker(["broker.url": url])
            try await site.events.wait(for: "some events") { $0.count >= 4 }
            try await node.control(revocation.command)
            try await node.control("close_all_connections", "for the change")
            try await worker.errors.wait(for: "a complaint") { $0.contains { $0.contains(revocation.complaint) } }
            try await node.control("change_password", "worker", "first-canary")
            try await node.control("set_permissions", "worker", ".*", ".*", ".*")
            jobs = try await site.finish(jobs, worker)
            #expect(!worker.errors.entries.contains { $0.contains("canary") })
            try await site.expectNothingLost(jobs)
        }
        try await node.control("delete_user", "worker")
    }
}
