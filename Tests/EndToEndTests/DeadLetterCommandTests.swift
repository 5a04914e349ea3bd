import Foundation
import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("Dead letters from the command line", .needsBroker, .timeLimit(.minutes(10)))
struct DeadLetterCommandTests {
    /// The site's own queue of dead letters is read by the site, so these lie under a second prefix.
    private static func withLetters(
        _ settings: [String: String] = [:], _ body: (Site, DeadLetters) async throws -> Void
    ) async throws {
        try await withSite(settings) { site in
            let letters = DeadLetters(site: site, names: BrokerNames(prefix: "\(site.prefix)-dead"))
            let declared = try await letters.run("topology", "declare")
            #expect(declared.end == .exited(0), "\(declared.errors)")
            do {
                try await body(site, letters)
            } catch {
                try await site.removeTopology(prefix: letters.names.prefix)
                throw error
            }
            try await site.removeTopology(prefix: letters.names.prefix)
        }
    }

    @Test("`dead list` groups by reason, the broker's own included, and takes nothing out of the queue")
    func list() async throws {
        try await Self.withLetters { site, letters in
            try await letters.bury(#"{"version":1}"#, id: "job-1", code: "invalid_job")
            try await letters.bury("{", id: "job-2", code: "malformed_message")
            try await letters.bury(#"{"version":1,"x":2}"#, id: "job-3", code: "invalid_job")
            try await letters.expire("{}", id: "job-4")
            for _ in 0..<2 {
                try await letters.settle(4)
                let listed = try await letters.run("dead", "list", "--json")
                #expect(listed.end == .exited(0), "\(listed.errors)")
                let groups = listed.json.elements.map { [$0["reason"].text ?? "", "\($0["count"].number ?? 0)"] }
                #expect(groups == [["expired", "1"], ["invalid_job", "2"], ["malformed_message", "1"]])
            }
            try await letters.settle(4)
            let plain = try await letters.run("dead", "list")
            #expect(plain.output.contains("invalid_job: 2"))
            #expect(plain.output.contains { $0.contains("job-4") && $0.contains("\(letters.names.intake(.import))") })
        }
    }

    @Test("`dead show` shows a letter without the secrets of its URLs, and 5 for one that is not there")
    func show() async throws {
        try await Self.withLetters { site, letters in
            let body = #"""
                {"id":"job-1","kind":"import","source":{"url":"https://u:canary-pw@h.example/i?sig=canary-query"},
                 "x-note":["see https://h.example/?token=canary-note"]}
                """#
            try await letters.bury(body, id: "job-1", code: "invalid_job", path: "/source/url")
            try await letters.settle(1)
            let listed = try await letters.run("dead", "list", "--json")
            let id = try #require(listed.json[0]["letters"][0]["letter"].text)
            try await letters.settle(1)
            let shown = try await letters.run("dead", "show", id)
            #expect(shown.end == .exited(0), "\(shown.errors)")
            #expect(shown.json["body", "id"].text == "job-1")
            #expect(shown.json["headers", "x-longshore-path"].text == "/source/url")
            #expect(!(shown.output + listed.output).joined().contains("canary"))
            #expect(try await letters.run("dead", "show", "0000000000000000").end == .exited(5))
        }
    }

    @Test("`dead redrive` sends what it is asked for as it first was, and only that leaves the dead letters")
    func redrive() async throws {
        try await Self.withLetters { site, letters in
            try await letters.bury(#"{"version":1}"#, id: "job-1", code: "invalid_job", replyTo: "reply.a")
            try await letters.bury("{", id: "job-2", code: "malformed_message")
            try await letters.bury("[]", id: "job-3", code: "invalid_job", key: "no-such-kind")
            try await letters.settle(3)
            let dry = try await letters.run("dead", "redrive", "--all", "--dry-run")
            #expect(dry.end == .exited(0) && dry.output.count == 3, "\(dry.errors)")
            try await letters.settle(3)
            let done = try await letters.run("dead", "redrive", "--reason", "invalid_job", "--rate", "1000", "--json")
            #expect(done.json["redriven"].number == 1)
            // No queue takes the third, so it stays.
            #expect(done.end == .exited(1) && done.errors.joined().contains("stays"))
            try await letters.settle(2)
            let job = try await letters.take(from: letters.names.intake(.import))
            #expect(job.body == Array(#"{"version":1}"#.utf8) && job.routingKey == "import")
            #expect(job.properties.messageID == "job-1" && job.properties.replyTo == "reply.a")
            #expect((job.properties.headers ?? [:]).keys.sorted() == ["traceparent"])
        }
    }

    @Test("A letter that the broker moved is redriven without the broker's marks, and `user_id` does not stop it")
    func redriveMoved() async throws {
        try await Self.withLetters { site, letters in
            try await letters.expire("{}", id: "job-4", userID: "guest")
            try await letters.settle(1)
            let done = try await letters.run("dead", "redrive", "--all")
            #expect(done.end == .exited(0), "\(done.errors)")
            try await letters.settle(0)
            let job = try await letters.take(from: letters.names.intake(.import))
            #expect(job.properties.messageID == "job-4" && job.properties.headers == nil)
        }
    }

    @Test("`dead list` shows a hundred letters, and `dead redrive` sends them all", arguments: ["quorum", "classic"])
    func many(type: String) async throws {
        try await Self.withLetters(["broker.queue_type": type]) { site, letters in
            for number in 1...100 { try await letters.bury("{", id: "job-\(number)", code: "malformed_message") }
            try await letters.settle(100)
            let listed = try await letters.run("dead", "list", "--json")
            #expect(listed.end == .exited(0), "\(listed.errors)")
            #expect(Set(listed.json[0]["letters"].elements.map { $0["letter"].text ?? "" }).count == 100)
            try await letters.settle(100)
            let done = try await letters.run("dead", "redrive", "--all", "--rate", "1000", "--json")
            #expect(done.end == .exited(0) && done.json["redriven"].number == 100, "\(done.errors)")
            try await letters.settle(0)
        }
    }

    @Test("`dead purge` drops nothing without --yes, then what it was asked for")
    func purge() async throws {
        try await Self.withLetters { site, letters in
            try await letters.bury("{", id: "job-1", code: "malformed_message")
            try await letters.bury("[]", id: "job-2", code: "invalid_job")
            try await letters.settle(2)
            let asked = try await letters.run("dead", "purge", "--all")
            #expect(asked.end == .exited(2) && asked.errors.joined().contains("2 dead letters"))
            #expect(try await letters.run("dead", "purge").end == .exited(2))
            let one = try await letters.run("dead", "purge", "--reason", "invalid_job", "--yes")
            #expect(one.end == .exited(0), "\(one.errors)")
            try await letters.settle(1)
            #expect(try await letters.run("dead", "purge", "--all", "--yes", "--json").json["purged"].number == 1)
            try await letters.settle(0)
        }
    }
}

/// The dead letters under a prefix that nobody else reads.
private struct DeadLetters {
    let site: Site
    let names: BrokerNames

    /// Runs a command under this prefix.
    func run(_ arguments: String...) async throws -> CommandResult {
        let program = try start(arguments)
        let end = try await program.waitForEnd()
        return CommandResult(end: end, output: program.output.entries, errors: program.errors.entries)
    }

    /// Starts a command under this prefix.
    func start(_ arguments: [String]) throws -> Program {
        try site.start(arguments, ["broker.prefix": names.prefix])
    }

    /// A dead letter as a worker makes it.
    func bury(
        _ body: String, id: String, code: String, path: String = "", key: String = "import", replyTo: String? = nil
    ) async throws {
        var properties = MessageProperties()
        properties.messageID = id
        properties.replyTo = replyTo
        properties.deliveryMode = .persistent
        properties.headers = [
            "x-longshore-code": .string(code), "x-longshore-path": .string(path), "x-longshore-message": "Why.",
            "traceparent": "00-1-2-00",
        ]
        try await site.publish(Array(body.utf8), exchange: names.dead, key: key, properties: properties)
    }

    /// A message that dies of age in a queue.
    func expire(_ body: String, id: String, userID: String? = nil) async throws {
        var properties = MessageProperties()
        properties.messageID = id
        properties.userID = userID
        properties.expiration = "1"
        try await site.publish(Array(body.utf8), exchange: names.jobs, key: "import", properties: properties)
    }

    /// Waits until so many letters lie there, which the broker tells only when asked.
    func settle(_ count: Int) async throws {
        let deadline = ContinuousClock.now + .patience
        while ContinuousClock.now < deadline {
            let status = try await status()
            if status.messages == count, status.consumers == 0 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(names.dead) does not come to hold \(count) letters")
    }

    /// What the broker says of the queue: the letters that nobody looks at, and who looks.
    func status() async throws -> RabbitMQAdmin.QueueStatus {
        let queue = names.dead
        return try await RabbitMQAdmin.withSession(site.configuration) { admin throws(RabbitMQError) in
            try await admin.queueStatus(queue)
        }
    }

    /// The one message of a queue.
    func take(from queue: String) async throws -> Received {
        let consumer = try RabbitMQConsumer(configuration: site.configuration)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            defer { group.cancelAll() }
            await consumer.setConsuming(queue, prefetch: 1)
            return Received(try #require(await consumer.nextDeliveries(upTo: 1).first))
        }
    }
}
