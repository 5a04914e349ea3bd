import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing
import Worker

@Suite("The intake under a flood and without its catalog", .needsBrokerControl, .timeLimit(.minutes(10)))
struct IntakeFaultTests {
    /// How many imports make a flood. 5,000 take some minutes in a debug build on two busy cores, and show no more than a
    /// thousand do: either is many times the backlog. `LONGSHORE_TEST_FLOOD=5000` makes it so many.
    private static let floodSize =
        ProcessInfo.processInfo.environment["LONGSHORE_TEST_FLOOD"].flatMap { Int($0) } ?? 1_000

    /// Goal: what does not fit stays on the broker. Method: many imports against a backlog of 50; four of them are held at
    /// their origin until the gate is closed for sure, and while it is a cancel and a delete must pass.
    @Test("A flood against a backlog of 50: rows stay at 50 plus what is in flight, and all are done at the end")
    func flood() async throws {
        try await withSite(["worker.intake.backlog": "50"], isListening: false) { site in
            let count = Self.floodSize
            let held = Gate()
            site.origin.serve("/held", .pattern(size: 100).holding(after: 10, until: held))
            site.origin.serve("/tiny", .pattern(size: 100))
            let worker = try await site.startReadyWorker()
            try await site.publish(site.importJob("early", image: "early", path: "/tiny"), replyTo: site.replyQueue)
            #expect(try await site.reply(of: "early").phase == "completed")
            for number in 1...4 { try await site.publish(site.importJob("held-\(number)", path: "/held")) }
            await site.origin.journal.wait { $0.held["/held"] == 4 }
            try await site.publishFlood(count)
            let catalog = try site.catalog()
            // Only the catalog tells; there is no signal to wait for.
            while try await catalog.read({ try $0.waitingCounts() })[.import, default: 0] < 50 {
                try await Task.sleep(for: .milliseconds(20))
            }
            try await site.publish(site.cancel("cancel-1", of: "flood-1"), replyTo: site.replyQueue)
            try await site.publish(site.job("delete", "delete-1", image: "early"), replyTo: site.replyQueue)
            #expect(try await site.reply(of: "cancel-1").phase == "completed")
            #expect(try await site.reply(of: "delete-1").phase == "completed")
            let ready = try await site.ready(.import)
            #expect(ready >= count - 100, "\(ready) of \(count) are still on the broker")
            // The last one in its queue: once it has ended, none is left on the broker.
            try await site.publish(site.importJob("last", path: "/tiny"), replyTo: site.replyQueue)
            held.open()
            var most = 0
            var isDone = false
            while !isDone {
                let (waiting, moves) = try await catalog.read {
                    (try $0.waitingCounts()[.import, default: 0], try $0.hasMovingJobs())
                }
                most = max(most, waiting)
                isDone = site.replies.entries.contains { $0.jobID == "last" } && waiting == 0 && !moves
                try await Task.sleep(for: .milliseconds(100))
            }
            // A gate that opens at 49 lets a prefetch in before it closes, a quarter of the backlog; so does one that closes.
            #expect((50...100).contains(most), "\(most) waited at once")
            try await site.stop(worker)
            #expect(try await site.job("flood-1").state == .cancelled)
            #expect(site.objects.count == count - 1 + 5 && site.staged.isEmpty)
            #expect(try await site.unpublished().isEmpty && site.deadLetters.entries.isEmpty)
        }
    }

    /// Goal: an outage of the catalog costs no message. Method: another process holds the write lock of the catalog's file
    /// for longer than the worker holds deliveries; the queue gives a message up after three deliveries.
    @Test("While the catalog takes no writes for over a minute, 200 messages wait on the broker; then all are done")
    func catalogAway() async throws {
        try await withSite(["broker.queue_type": "quorum", "worker.slots.import": "8"], catalog: .file) { site in
            let pattern = "^\\Q\(site.prefix).\\E"
            try await RealBroker.control(
                "set_policy", site.prefix, pattern, #"{"delivery-limit":3}"#, "--apply-to", "queues")
            let worker = try await site.startReadyWorker()
            let lock = try await site.lockCatalog()
            site.origin.serve("/tiny", .pattern(size: 100, seed: 7))
            let jobs = (1...200).map { "job-\($0)" }
            for job in jobs { try await site.publish(site.importJob(job, image: "of-\(job)", path: "/tiny")) }
            try await worker.errors.wait(for: "the messages given back") { lines in
                lines.contains { $0.contains("given back to the broker") }
            }
            while try await site.ready(.import) < jobs.count { try await Task.sleep(for: .milliseconds(100)) }
            #expect(site.events.entries.isEmpty)
            await lock.destroy()
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.stop(worker)
            try await site.expectNothingLost(jobs, size: 100)
            let given = worker.errors.entries.count { $0.contains("given back to the broker") }
            #expect(given == 1)
            try await RealBroker.control("clear_policy", site.prefix)
        }
    }
}

extension Site {
    /// The reply to whoever asked for a job.
    fileprivate func reply(of job: String) async throws -> Received {
        try await replies.first("the reply for \(job)") { $0.jobID == job ? $0 : nil }
    }

    /// Publishes many imports of one tiny image, many at a time.
    fileprivate func publishFlood(_ count: Int) async throws {
        for start in stride(from: 1, through: count, by: 250) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in start..<min(start + 250, count + 1) {
                    group.addTask { try await self.publish(self.importJob("flood-\(number)", path: "/tiny")) }
                }
                try await group.waitForAll()
            }
        }
    }
}
