import Foundation
import ImageModel
import TestSupport
import Testing

/// A broker closes the channel of a consumer that holds a delivery for too long (`consumer_timeout`). RabbitMQ before 3.12
/// reckons that by the time of day of its host, so that a clock that is set may do it too.
@Suite("A broker that does not wait for acknowledgements", .needsBroker, .timeLimit(.minutes(10)))
struct AcknowledgementTimeoutTests {
    private static let settings = ["broker.queue_type": "quorum", "worker.slots.import": "8"]

    /// Goal: a timeout that really strikes costs one delivery and nothing else. Method: another process holds the lock of
    /// the catalog's file until the broker has closed the channel; the worker notices after ten seconds that it cannot
    /// write, and holds what it has for a minute; the queue gives a message up after three deliveries.
    @Test("Deliveries held beyond the timeout come again, the log repeats the broker's reason, and no job is lost")
    func fired() async throws {
        try await BrokerNode.with { node in
            try await Self.setTimeouts(of: node, consumer: "20000")
            try await withSite(Self.settings, broker: node.url, catalog: .file) { site in
                try await Self.limitDeliveries(of: node)
                let worker = try await site.startReadyWorker()
                let lock = try await site.lockCatalog()
                let jobs = try await site.publishImports(20)
                try await Self.waitForTimeout(of: worker)
                // They are with the broker, and nobody asks for them.
                while try await site.ready(.import) < jobs.count { try await Task.sleep(for: .milliseconds(100)) }
                #expect(worker.errors.entries.count { $0.contains("queue no longer consumed") } == 1)
                await lock.destroy()
                let all = try await site.finish(jobs, worker)
                try await site.expectNothingLost(all)
                #expect(worker.errors.entries.connections == 3, "a channel went, no connection")
            }
        }
    }

    /// Goal: an hour more or less at the broker loses and doubles nothing. Method: the broker is shown another time of day,
    /// as ``FaultySystem`` tells; its timeout is the half hour it is by itself. At the step forwards it has deliveries
    /// outstanding, which are thirty minutes overdue then; at the step back too, which are due in an hour and a half.
    @Test("A broker whose clock steps an hour forwards and back: what it takes away comes again, connections stay")
    func brokerClock() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("clock-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let system = try FaultySystem(directory: directory, at: directory)
        try await BrokerNode.with(under: system) { node in
            try await Self.setTimeouts(of: node)
            try await withSite(Self.settings, broker: node.url, catalog: .file) { site in
                try await Self.limitDeliveries(of: node)
                let worker = try await site.startReadyWorker()
                let gate = Gate()
                site.origin.serve("/held", .pattern(size: 60_000, seed: 7).holding(after: 10_000, until: gate))
                try await site.publish(site.importJob("held", image: "of-held", path: "/held"))
                await site.origin.journal.wait { $0.held["/held"] == 1 }

                var lock = try await site.lockCatalog()
                var jobs = try await site.publishImports(10)
                try await worker.errors.wait(for: "deliveries that are held") { $0.failedCommits > 0 }
                try system.setClock(off: 3_600)
                try await Self.waitForTimeout(of: worker)
                try await Self.expectClock(of: node, off: 3_600)
                await lock.destroy()
                for job in jobs { #expect(try await site.end(of: job).phase == "completed") }

                lock = try await site.lockCatalog()
                let failures = worker.errors.entries.failedCommits
                for number in 11...20 {
                    jobs.append("job-\(number)")
                    try await site.publish(site.importJob("job-\(number)", image: "of-job-\(number)", path: "/lot"))
                }
                try await worker.errors.wait(for: "deliveries that are held") { $0.failedCommits > failures }
                try system.setClock(off: -3_600)
                try await Self.expectClock(of: node, off: -3_600)
                await lock.destroy()
                gate.open()
                jobs = try await site.finish(jobs + ["held"], worker)
                try await site.expectNothingLost(jobs)
                #expect(worker.errors.entries.connections == 3, "no connection was lost")
            }
        }
    }

    /// Lets the broker look for overdue deliveries twice a second instead of once a minute.
    private static func setTimeouts(of node: BrokerNode, consumer milliseconds: String? = nil) async throws {
        let timeout = milliseconds.map { "application:set_env(rabbit, consumer_timeout, \($0)), " } ?? ""
        try await node.control("eval", "\(timeout)application:set_env(rabbit, channel_tick_interval, 500).")
    }

    private static func limitDeliveries(of node: BrokerNode) async throws {
        try await node.control("set_policy", "limit", "^e2e-", #"{"delivery-limit":3}"#, "--apply-to", "queues")
    }

    private static func waitForTimeout(of worker: Program) async throws {
        try await worker.errors.wait(for: "the broker's reason") { lines in
            lines.contains { line in
                line.contains("queue no longer consumed") && line.contains("PRECONDITION_FAILED")
                    && line.contains("delivery acknowledgement on channel") && line.contains(".import")
            }
        }
    }

    /// The node's own word for the time of day, give or take what a busy machine needs to ask for it.
    private static func expectClock(of node: BrokerNode, off seconds: Double) async throws {
        let said = try await node.control("eval", "os:system_time(second).")
        let clock = try #require(said.last.flatMap { Double($0) }, "\(said)")
        #expect(abs(clock - Date().timeIntervalSince1970 - seconds) < 900)
    }
}

extension [String] {
    /// How often a worker said that the catalog took nothing in.
    fileprivate var failedCommits: Int { count { $0.contains("does not take messages in") } }
}
