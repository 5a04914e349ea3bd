import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("Messages that are no jobs", .needsBroker, .timeLimit(.minutes(10)))
struct DeadLetterTests {
    /// A message nobody can run, and what is said of it.
    struct Bad: Sendable {
        let what: String
        let body: String
        var bytes: [UInt8]?
        let code: String
        var path: String?
        var key = "import"
        var contentEncoding: String?

        var sent: [UInt8] { bytes ?? Array(body.utf8) }
    }

    private static let good =
        #""version":1,"kind":"import","image":{"name":"n"},"source":{"url":"https://objects.example/i"}"#

    private static func deep(_ levels: Int) -> String {
        String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }

    static let table: [Bad] = [
        Bad(what: "no JSON", body: "{\"version\":1,", code: "malformed_message"),
        Bad(what: "an empty body", body: "", code: "malformed_message"),
        Bad(what: "JSON that is no object", body: "[1]", code: "malformed_message", path: ""),
        Bad(
            what: "an unknown kind", body: #"{"version":1,"id":"j","kind":"explode"}"#, code: "invalid_job",
            path: "/kind"),
        Bad(what: "an unknown member", body: "{\"id\":\"j\",\"speed\":9,\(good)}", code: "invalid_job", path: "/speed"),
        Bad(
            what: "a member twice", body: "{\"id\":\"j\",\"id\":\"j\",\(good)}", code: "malformed_message", path: "/id"),
        Bad(
            what: "a wrong type", body: "{\"id\":\"j\",\"priority\":\"high\",\(good)}", code: "invalid_job",
            path: "/priority"),
        Bad(what: "an id other than message_id", body: "{\"id\":\"other\",\(good)}", code: "invalid_job", path: "/id"),
        Bad(
            what: "no name",
            body: #"{"id":"j","version":1,"kind":"import","image":{},"source":{"url":"https://objects.example/i"}}"#,
            code: "invalid_job", path: "/image/name"),
        Bad(
            what: "a NUL", body: #"{"id":"j","x-note":"a\u0000b","# + good + "}", code: "malformed_message",
            path: "/x-note"),
        Bad(what: "17 levels", body: "{\"id\":\"j\",\"x-deep\":\(deep(16)),\(good)}", code: "malformed_message"),
        Bad(what: "another version", body: #"{"id":"j","version":2,"kind":"import"}"#, code: "unsupported_version"),
        Bad(
            what: "a routing key other than its kind", body: "{\"id\":\"j\",\(good)}", code: "invalid_job",
            path: "/kind", key: "share"),
        Bad(
            what: "userinfo in its URL",
            body:
                #"{"id":"j","version":1,"kind":"import","image":{"name":"n"},"source":{"url":"https://u:canary-pw@h.example/"}}"#,
            code: "invalid_job", path: "/source/url"),
        Bad(
            what: "a content encoding", body: "{\"id\":\"j\",\(good)}", code: "malformed_message",
            contentEncoding: "gzip"),
        Bad(
            what: "bytes that are no UTF-8", body: "",
            bytes: Array("{\"id\":\"j\",\"x-note\":\"".utf8) + [0xC3, 0x28] + Array("\",\(good)}".utf8),
            code: "malformed_message"),
    ]

    @Test("Each becomes a dead letter with its original bytes and the reason, one event, one reply; the next job runs")
    func table() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            for (number, bad) in Self.table.enumerated() {
                var properties = MessageProperties()
                properties.contentType = "application/json"
                properties.contentEncoding = bad.contentEncoding
                properties.messageID = "j"
                properties.replyTo = site.replyQueue
                properties.correlationID = "ask-\(number)"
                try await site.publish(bad.sent, exchange: site.names.jobs, key: bad.key, properties: properties)
            }
            try await site.publish(site.importJob("good", path: "/image"))
            #expect(try await site.end(of: "good").phase == "completed")
            let letters = try await site.deadLetters.wait(for: "all dead letters") { $0.count >= Self.table.count }
            let replies = try await site.replies.wait(for: "all replies") { $0.count >= Self.table.count }
            try await site.stop(worker)
            for (number, bad) in Self.table.enumerated() {
                let letter = try #require(
                    letters.first { $0.properties.correlationID == "ask-\(number)" }, "\(bad.what)")
                #expect(letter.body == bad.sent, "\(bad.what)")
                #expect(letter.header("x-longshore-code") == bad.code, "\(bad.what)")
                if let path = bad.path { #expect(letter.header("x-longshore-path") == path, "\(bad.what)") }
                #expect(letter.header("x-longshore-message")?.isEmpty == false, "\(bad.what)")
                let reply = try #require(
                    replies.first { $0.properties.correlationID == "ask-\(number)" }, "\(bad.what)")
                #expect(reply.step == "rejected" && reply.errorCode == bad.code, "\(bad.what)")
            }
            #expect(site.deadLetters.entries.count == Self.table.count)
            #expect(site.replies.entries.count == Self.table.count)
            let rejections = try await site.settledEvents().filter { $0.step == "rejected" }
            #expect(rejections.count == Self.table.count)
            #expect(Set(rejections.map(\.id)).count == Self.table.count)
            #expect(!worker.errors.entries.contains { $0.contains("canary-pw") })
            #expect(!rejections.contains { String(decoding: $0.body, as: UTF8.self).contains("canary-pw") })
        }
    }

    @Test("A job put straight into a queue of another kind is refused")
    func wrongQueue() async throws {
        try await withSite { site in
            let worker = try site.startWorker()
            let job = site.importJob("job-1", path: "/image")
            try await site.publish(try job.bytes, exchange: "", key: site.names.intake(.delete))
            let letter = try await site.deadLetters.first("the dead letter") { $0 }
            try await site.stop(worker)
            #expect(letter.header("x-longshore-code") == "invalid_job")
            #expect(letter.body == (try job.bytes))
        }
    }

    @Test("A body over 1 MiB is moved whole by the broker, and the worker goes on", arguments: ["classic", "quorum"])
    func oversized(_ queues: String) async throws {
        try await withSite(["broker.queue_type": queues]) { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            let body = try site.importJob("job-1", path: "/image")
                .setting("x-ballast", to: .string(String(repeating: "b", count: 1 << 20))).bytes
            try await site.publish(body, exchange: site.names.jobs, key: "import")
            try await site.publish(site.importJob("good", path: "/image"))
            #expect(try await site.end(of: "good").phase == "completed")
            let letter = try await site.deadLetters.first("the dead letter") { $0 }
            try await site.stop(worker)
            #expect(letter.body == body)
            #expect(letter.properties.headers?["x-death"] != nil)
            #expect(letter.header("x-first-death-queue") == site.names.intake(.import))
        }
    }
}
