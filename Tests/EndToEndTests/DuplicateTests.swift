import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("Messages that come more than once", .needsBroker, .timeLimit(.minutes(10)))
struct DuplicateTests {
    @Test("The same message three times is one job with one end")
    func sameMessage() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 20_000))
            let job = site.importJob("job-1", path: "/image")
            for _ in 0..<3 { try await site.publish(job) }
            let worker = try site.startWorker()
            _ = try await site.end(of: "job-1")
            try await site.publish(job)
            try await site.publish(site.importJob("job-2", path: "/image"))
            _ = try await site.end(of: "job-2")
            try await site.expectSoundness(of: ["job-1", "job-2"], after: worker)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "completed"])
            #expect(site.origin.journal.entries.requests(for: "/image").count == 2)
            #expect(site.deadLetters.entries.isEmpty)
        }
    }

    @Test("A body that differs only in its URL's query, the user and x- members is the same job")
    func equalBody() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 20_000))
            let worker = try site.startWorker()
            let job = site.importJob("job-1", path: "/image", query: "?signature=one")
            try await site.publish(job.setting("actor", "account", to: "acct-1"))
            _ = try await site.end(of: "job-1")
            let other = site.importJob("job-1", path: "/image", query: "?signature=two")
                .setting("actor", to: ["account": "acct-1", "user": "kim@example.com"]).setting("x-note", to: "again")
            try await site.publish(other, replyTo: site.replyQueue, correlationID: "ask-2")
            let reply = try await site.replies.first("the reply") { $0 }
            try await site.stop(worker)
            #expect(reply.phase == "completed")
            #expect(site.deadLetters.entries.isEmpty)
        }
    }

    @Test("Who asks for a job that has ended gets its terminal event again, and nobody else does")
    func replyOnly() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 20_000))
            let worker = try site.startWorker()
            let job = site.importJob("job-1", path: "/image")
            try await site.publish(job)
            let end = try await site.end(of: "job-1")
            try await site.publish(job, replyTo: site.replyQueue, correlationID: "ask-2")
            let reply = try await site.replies.first("the reply") { $0 }
            try await site.stop(worker)
            #expect(reply.properties.correlationID == "ask-2")
            #expect(reply.id == end.id && reply.phase == "completed")
            #expect(try await site.settledEvents().of("job-1").filter(\.isTerminal).count == 1)
        }
    }

    @Test("A reply goes to whoever asked with the first message, with the asker's own correlation id")
    func replyToFirst() async throws {
        try await withSite { site in
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", path: "/absent"), replyTo: site.replyQueue, correlationID: "ask-1")
            let reply = try await site.replies.first("the reply") { $0 }
            try await site.stop(worker)
            #expect(reply.phase == "failed" && reply.errorCode == "source_not_found")
            #expect(reply.properties.correlationID == "ask-1")
        }
    }

    @Test("The same id with another body is a dead letter, and the first job goes on as if nothing had come")
    func conflict() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 20_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image"))
            let other = site.importJob("job-1", path: "/another")
            try await site.publish(other, replyTo: site.replyQueue, correlationID: "ask-2")
            let letter = try await site.deadLetters.first("the dead letter") { $0 }
            let reply = try await site.replies.first("the reply") { $0 }
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(letter.header("x-longshore-code") == "duplicate_conflict")
            #expect(letter.header("x-longshore-path") == "/id")
            #expect(letter.body == (try other.bytes))
            #expect(reply.step == "rejected" && reply.errorCode == "duplicate_conflict")
            let rejections = try await site.settledEvents().filter { $0.step == "rejected" }
            #expect(rejections.map(\.errorCode) == ["duplicate_conflict"])
        }
    }

    @Test("No reply is sent to a queue of ours, whatever a message asks for")
    func ownQueue() async throws {
        try await withSite(["events.reply_to": "*"]) { site in
            site.origin.serve("/image", .pattern(size: 20_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image"), replyTo: site.names.dead)
            try await site.publish(site.importJob("job-2", path: "/image"), replyTo: site.names.intake(.delete))
            try await site.publish(Array("no job".utf8), exchange: site.names.jobs, key: "import")
            _ = try await site.end(of: "job-1")
            _ = try await site.end(of: "job-2")
            let letter = try await site.deadLetters.first("the dead letter") { $0 }
            try await site.stop(worker)
            #expect(letter.body == Array("no job".utf8))
            #expect(site.deadLetters.entries.count == 1)
        }
    }

    @Test("No reply is sent to a queue that the configuration does not name")
    func foreignQueue() async throws {
        try await withSite(["events.reply_to": "answers.*"]) { site in
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/absent"), replyTo: site.replyQueue)
            _ = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(site.replies.entries.isEmpty)
        }
    }
}
