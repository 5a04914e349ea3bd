import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("Objects that go missing or full on the broker", .needsBroker, .timeLimit(.minutes(10)))
struct TopologyFaultTests {
    @Test("An intake queue that is deleted comes back, and the jobs that had been taken from it run to their end")
    func deletedQueue() async throws {
        try await withSite { site in
            var jobs = try await site.publishImports(6)
            let worker = try site.startWorker()
            try await site.event("accepted", of: "job-6")
            try await site.administer { admin, names throws(RabbitMQError) in
                try await admin.deleteQueue(names.intake(.import))
            }
            try await worker.errors.wait(for: "the repair") { $0.contains { $0.contains("declared again") } }
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    /// Goal: no event is lost while its exchange is missing. Method: the worker may not declare, so the test decides when
    /// the exchange is back, with its binding.
    @Test("Without the events exchange events wait, and are sent when it is back")
    func deletedExchange() async throws {
        try await withSite(["broker.topology": "declare"]) { site in
            let made = try await site.run("topology", "declare")
            #expect(made.end == .exited(0))
            var jobs = try await site.publishImports(6)
            let worker = try site.startWorker(["broker.topology": "verify"])
            try await site.event("accepted", of: "job-1")
            try await site.administer { admin, names throws(RabbitMQError) in
                try await admin.deleteExchange(names.events)
            }
            try await worker.errors.wait(for: "a complaint") { $0.contains { $0.contains("exchangeMissing") } }
            try await worker.errors.wait(for: "the end of all jobs") { lines in
                lines.count { $0.contains("Job left this worker") } == 6
            }
            let binding = site.eventsBinding
            try await site.administer { admin, names throws(RabbitMQError) in
                try await admin.declare(Topology(exchanges: [.init(names.events, .topic)], bindings: [binding]))
            }
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    @Test(
        "The worker makes a deleted events exchange again; what found no queue then is sent again with `events resend`")
    func repairedExchange() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 1_000, seed: 7).holding(after: 10, until: gate))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "of-job-1", path: "/held"))
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            try await site.event("started", of: "job-1")
            try await site.administer { admin, names throws(RabbitMQError) in
                try await admin.deleteExchange(names.events)
            }
            gate.open()
            try await worker.errors.wait(for: "the repair") { $0.contains { $0.contains("declared again") } }
            try await site.stop(worker)
            #expect(try await site.job("job-1").state == .succeeded)
            #expect(try await site.unpublished().isEmpty)
            let binding = site.eventsBinding
            try await site.administer { admin, _ throws(RabbitMQError) in
                try await admin.declare(Topology(bindings: [binding]))
            }
            #expect(!site.events.entries.contains { $0.isTerminal })
            #expect(try await site.run("events", "resend", "--job", "job-1").end == .exited(0))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectEndedOnce("job-1")
        }
    }

    @Test("A job that no binding takes comes back to its producer, and `topology declare` mends the binding")
    func deletedBinding() async throws {
        try await withSite { site in
            let worker = try await site.startReadyWorker()
            try await site.administer { admin, names throws(RabbitMQError) in
                try await admin.unbind(
                    Topology.Binding(queue: names.intake(.import), exchange: names.jobs, routingKey: "import"))
            }
            let lost = OutgoingMessage(exchange: site.names.jobs, routingKey: "import", body: [1])
            #expect(try await site.publisher.publish(lost) == .unroutable)
            let told = try await site.run("import", site.origin.url("/lot"), "--name", "n")
            #expect(told.end != .exited(0) && !told.errors.isEmpty, "\(told.output)")
            #expect(try await site.run("topology", "declare").end == .exited(0))
            var jobs = try await site.publishImports(2)
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs)
        }
    }

    /// Method: the queue takes one owner's events only, and more of them wait than the relay reads at once, in front of
    /// another owner's.
    @Test(
        "A full queue of events that refuses holds up what it is bound to and nothing else; each comes when there is room"
    )
    func fullEventsQueue() async throws {
        try await withSite { site in
            let full = "full.\(site.prefix)"
            let limits: FieldTable = ["x-max-length": 1, "x-overflow": "reject-publish"]
            let exchange = site.names.events
            try await site.administer { admin, _ throws(RabbitMQError) in
                try await admin.declare(
                    Topology(
                        queues: [.init(full, .classic, arguments: limits)],
                        bindings: [.init(queue: full, exchange: exchange, routingKey: "#.stuck")]))
            }
            site.origin.serve("/lot", .pattern(size: 100, seed: 7))
            let worker = try site.startWorker()
            var jobs = (1...100).map { "job-\($0)" }
            for job in jobs {
                let message = site.importJob(job, image: "of-\(job)", path: "/lot")
                try await site.publish(message.setting("image", "owner", to: "stuck"))
            }
            try await worker.errors.wait(for: "the end of all jobs") { lines in
                lines.count { $0.contains("Job left this worker") } == 100
            }
            #expect(worker.errors.entries.contains { $0.contains("nacked") })
            try await site.publish(site.importJob("job-free", image: "of-job-free", path: "/lot"))
            _ = try await site.end(of: "job-free")
            jobs.append("job-free")
            let waiting = try await site.unpublished()
            #expect(waiting.count > 256)
            try await site.administer { admin, _ throws(RabbitMQError) in try await admin.deleteQueue(full) }
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs, size: 100)
        }
    }

    @Test("An asker whose own queue is full holds up nobody's events")
    func fullReplyQueue() async throws {
        try await withSite { site in
            let full = "reply.full.\(site.prefix)"
            let limits: FieldTable = ["x-max-length": 1, "x-overflow": "reject-publish"]
            try await site.administer { admin, _ throws(RabbitMQError) in
                try await admin.declare(Topology(queues: [.init(full, .classic, arguments: limits)]))
            }
            site.origin.serve("/lot", .pattern(size: 100, seed: 7))
            let worker = try site.startWorker()
            var jobs = (1...4).map { "job-\($0)" }
            for job in jobs {
                try await site.publish(site.importJob(job, image: "of-\(job)", path: "/lot"), replyTo: full)
            }
            jobs = try await site.finish(jobs, worker)
            try await site.expectNothingLost(jobs, size: 100)
            try await site.administer { admin, _ throws(RabbitMQError) in
                let kept = try await admin.queueStatus(full).messages
                #expect(kept >= 1)
                try await admin.deleteQueue(full)
            }
        }
    }
}
