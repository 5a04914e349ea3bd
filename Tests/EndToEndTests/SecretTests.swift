import Foundation
import TestSupport
import Testing

@Suite("Secrets", .needsBroker, .timeLimit(.minutes(10)))
struct SecretTests {
    private static let canary = "CANARY-7f3c91"

    @Test("The query of a source's URL reaches the source and nothing else: no event, letter, log line or file")
    func query() async throws {
        try await withSite { site in
            site.origin.serve("/good", .status(503), .pattern(size: 10_000))
            site.origin.serve("/redirected", .redirect(to: "/good?next=\(Self.canary)"))
            let worker = try site.startWorker(["log_level": "trace"])
            let query = "?signature=\(Self.canary)"
            try await site.publish(
                site.importJob("job-1", path: "/good", query: query), replyTo: site.replyQueue)
            try await site.publish(site.importJob("job-2", path: "/absent", query: query))
            try await site.publish(site.importJob("job-3", path: "/redirected", query: query))
            try await site.publish(site.cancel("cancel-4", of: "job-4"))
            _ = try await site.end(of: "cancel-4")
            try await site.publish(site.importJob("job-4", path: "/good", query: query))
            for job in ["job-1", "job-2", "job-3", "job-4"] { _ = try await site.end(of: job) }
            _ = try await site.run("jobs", "list", "--json")
            let shown = try await site.run("jobs", "show", "job-1")
            try await site.stop(worker)
            let queries = site.origin.journal.entries.requests(for: "/good").compactMap(\.query)
            #expect(queries.contains("signature=\(Self.canary)"))
            let events = try await site.settledEvents() + site.replies.entries + site.deadLetters.entries
            #expect(!events.contains { String(decoding: $0.body, as: UTF8.self).contains(Self.canary) })
            #expect(
                !(worker.errors.entries + worker.output.entries + shown.output).contains { $0.contains(Self.canary) })
            #expect(try site.filesContaining(Self.canary).isEmpty)
        }
    }

    @Test("A dead letter keeps its bytes as they came, but no event, log line or header shows its secrets")
    func rejected() async throws {
        try await withSite { site in
            let worker = try site.startWorker()
            let job = site.importJob("job-1", path: "/x", query: "?signature=\(Self.canary)")
                .setting("priority", to: "high")
            try await site.publish(job)
            let letter = try await site.deadLetters.first("the dead letter") { $0 }
            let event = try await site.events.first("the event") { $0.step == "rejected" ? $0 : nil }
            try await site.stop(worker)
            #expect(letter.body == (try job.bytes))
            #expect(letter.header("x-longshore-message")?.contains(Self.canary) == false)
            #expect(!String(decoding: event.body, as: UTF8.self).contains(Self.canary))
            #expect(!worker.errors.entries.contains { $0.contains(Self.canary) })
        }
    }

    @Test("The broker's password is in no message, whatever goes wrong")
    func password() async throws {
        try await withSite { site in
            let url = try RealBroker.url(login: "guest:\(Self.canary)")
            for command in [["worker"], ["doctor"], ["import", "https://objects.example/x"]] {
                let program = try site.start(command, ["broker.url": url])
                let end = try await program.waitForEnd()
                #expect(end == .exited(3), "\(command) \(program.errors.entries)")
                #expect(!(program.errors.entries + program.output.entries).contains { $0.contains(Self.canary) })
            }
        }
    }
}

extension Site {
    /// Files of this site, the catalog and its journals among them, in which some text stands.
    func filesContaining(_ text: String) throws -> [String] {
        let needle = Data(text.utf8)
        let paths = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        if case .file = catalogPlace { #expect(paths.contains("catalog.db")) }
        return paths.filter { FileManager.default.contents(atPath: "\(directory)/\($0)")?.range(of: needle) != nil }
    }
}
