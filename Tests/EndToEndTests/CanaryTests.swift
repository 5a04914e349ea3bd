import Foundation
import RabbitMQ
import TestSupport
import Testing

/// Goal: no secret of any kind leaves by any way, however a job goes. Method: a canary for each kind of secret goes through
/// success, retry, failure and crash, under the most talkative log; then all that the installation wrote is searched.
@Suite("Canaries", .needsBroker, .timeLimit(.minutes(10)))
struct CanaryTests {
    private static let query = "CANARY-query-1f0c"
    private static let token = "CANARY-token-2e1d"
    private static let password = "CANARY-password-3d2e"
    private static let value = "CANARY-value-4c3f"
    private static let key = "CANARY-key-5b40-0123456789abcdef0123"
    private static let admin = "CANARY-admin-6a51"
    private static let accessKey = "CANARY-access-7b62"
    private static let secretKey = "CANARY-secret-8c73"
    private static let session = "CANARY-session-9d84"

    /// Every canary, and what a basic login makes of its own.
    private static var canaries: [String] {
        [query, token, password, value, key, admin, accessKey, secretKey, session]
            + [Data("kim:\(password)".utf8).base64EncodedString()]
    }

    private func settings(_ site: Site) -> [String: String] {
        [
            "log_level": "trace", "catalog.secret_key": Self.key, "admin.token": Self.admin,
            "credentials.token.type": "bearer", "credentials.token.token": Self.token,
            "credentials.login.type": "basic", "credentials.login.username": "kim",
            "credentials.login.password": Self.password, "credentials.header.type": "header",
            "credentials.header.name": "X-Key", "credentials.header.value": Self.value,
            "credentials.token.urls": site.origin.url("/"), "credentials.login.urls": site.origin.url("/"),
            "credentials.header.urls": site.origin.url("/"), "credentials.objects.type": "s3",
            "credentials.objects.access_key": Self.accessKey, "credentials.objects.secret_key": Self.secretKey,
            "credentials.objects.session_token": Self.session, "credentials.objects.urls": "s3://bucket/",
            "credentials.objects.endpoint": "http://127.0.0.1:\(site.origin.port)",
        ]
    }

    private func expectNone(in texts: [String], _ where: String) {
        for canary in Self.canaries { #expect(!texts.contains { $0.contains(canary) }, "\(canary) in \(`where`)") }
    }

    @Test("They are in no event, reply, letter, log, command's output or file, whatever happens")
    func everyWay() async throws {
        try await withSite { site in
            let gate = Gate()
            let body = OriginAnswer.pattern(size: 2 << 20).etag("\"v\"")
            site.origin.serve("/good", .status(503), body)
            site.origin.serve("/slow", body.holding(after: 1 << 20, until: gate), body)
            site.origin.serve("/echo", .redirect(to: "/\(Self.query)?q=\(Self.query)"))
            site.origin.serve("/bucket/good", .status(503), body)
            site.origin.serve("/bucket/slow", body.holding(after: 1 << 20, until: gate), body)
            let port = try Origin().port
            let settings = settings(site).merging(["health.listen": "127.0.0.1:\(port)"]) { $1 }
            let query = "?sig=\(Self.query)"
            var jobs: [String] = []
            for credential in ["token", "login", "header"] {
                for path in ["good", "slow", "absent"] {
                    let id = "\(path)-\(credential)"
                    jobs.append(id)
                    try await site.publish(
                        site.importJob(id, path: "/\(path)", query: query)
                            .setting("source", "credential", to: .string(credential)),
                        replyTo: site.replyQueue)
                }
            }
            for path in ["good", "slow", "absent"] {
                let id = "\(path)-objects"
                jobs.append(id)
                try await site.publish(
                    site.importJob(id, path: "/").setting("source", "url", to: .string("s3://bucket/\(path)"))
                        .setting("source", "credential", to: "objects"), replyTo: site.replyQueue)
            }
            let first = try site.startWorker(settings)
            await site.origin.journal.wait { $0.held["/slow", default: 0] >= 1 }
            // While jobs live their query is in the catalog, but sealed.
            for canary in Self.canaries { #expect(try site.filesContaining(canary).isEmpty, "\(canary)") }
            first.signal(SIGKILL)
            _ = try await first.waitForEnd()
            gate.open()
            let second = try site.startWorker(settings)
            for id in jobs {
                let end = try await site.end(of: id)
                #expect(end.phase == (id.hasPrefix("absent") ? "failed" : "completed"), "\(end)")
            }
            let bad = site.importJob("bad", path: "/x", query: query).setting("priority", to: "high")
            try await site.publish(bad)
            let letter = try await site.deadLetters.first("the letter") { $0 }
            var shown: [String] = []
            for arguments in [["jobs", "show", jobs[0]], ["jobs", "list"], ["dead", "list"]] {
                let program = try site.start(arguments, settings)
                _ = try await program.waitForEnd()
                shown += program.output.entries + program.errors.entries
            }
            for page in ["metrics", "readyz", "healthz"] {
                shown += try await site.lines(of: "http://127.0.0.1:\(port)/\(page)").lines
            }
            try await site.stop(second)
            let signed = site.origin.journal.entries.requests(for: "/bucket/good")
            #expect(signed.contains { $0["x-amz-security-token"] == Self.session })
            #expect(site.origin.journal.entries.requests(for: "/good").contains { $0.query == "sig=\(Self.query)" })
            let events = try await site.settledEvents() + site.replies.entries
            expectNone(in: events.map { String(decoding: $0.body, as: UTF8.self) }, "an event or reply")
            expectNone(in: events.map { "\($0.properties)" } + ["\(letter.properties)"], "properties")
            for worker in [first, second] { expectNone(in: worker.errors.entries + worker.output.entries, "a log") }
            expectNone(in: shown, "a command's output")
            for canary in Self.canaries { #expect(try site.filesContaining(canary).isEmpty, "\(canary) in a file") }
        }
    }

    @Test("A job whose secret was sealed with another key fails and says so, and others go on")
    func otherKey() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/slow", .pattern(size: 100).holdingHead(until: gate), .pattern(size: 100))
            site.origin.serve("/good", .pattern(size: 100))
            let first = try site.startWorker(["catalog.secret_key": Self.key, "worker.drain": "100ms"])
            try await site.publish(
                site.importJob("job-1", path: "/slow", query: "?sig=1").setting("max_attempts", to: 2))
            await site.origin.journal.wait { $0.held["/slow"] == 1 }
            // Drained, not killed: a message that was not acknowledged would come again, and be sealed with the new key.
            try await site.stop(first)
            let second = try site.startWorker(["catalog.secret_key": String(Self.key.reversed())])
            try await site.publish(site.importJob("job-2", path: "/good", query: "?sig=2"))
            #expect(try await site.end(of: "job-2").phase == "completed")
            let end = try await site.end(of: "job-1")
            try await site.stop(second)
            #expect(end.phase == "failed")
            #expect(end.data["error"].bytesText.contains("catalog.secret_key"))
        }
    }
}

extension JSON {
    fileprivate var bytesText: String { (try? bytes).map { String(decoding: $0, as: UTF8.self) } ?? "" }
}
