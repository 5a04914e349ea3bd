import Foundation
import TestSupport
import Testing

@Suite("Credentials", .needsBroker, .timeLimit(.minutes(10)))
struct CredentialTests {
    private static let canary = "CANARY-5e2b90"

    /// Settings of three credentials for an origin that does not exist yet: they are given to the worker itself.
    private func settings(_ site: Site, _ more: [String: String] = [:]) throws -> [String: String] {
        let file = "\(site.directory)/password"
        try Data("\(Self.canary)-password\n".utf8).write(to: URL(filePath: file))
        return [
            "credentials.token.type": "bearer", "credentials.token.token": "\(Self.canary)-token",
            "credentials.token.urls": site.origin.url("/private"),
            "credentials.login.type": "basic", "credentials.login.username": "kim",
            "credentials.login.password_file": file, "credentials.login.urls": site.origin.url("/private/"),
            "credentials.header.type": "header", "credentials.header.name": "X-Api-Key",
            "credentials.header.value": "\(Self.canary)-value", "credentials.header.urls": site.origin.url(""),
            "credentials.header.owners": "acct-1",
        ].merging(more) { $1 }
    }

    private func job(_ site: Site, _ id: String, _ path: String, _ credential: String, owner: String? = nil) -> JSON {
        let job = site.importJob(id, path: path).setting("source", "credential", to: .string(credential))
        return owner.map { job.setting("actor", "account", to: .string($0)) } ?? job
    }

    @Test(
        "A credential reaches the URLs it is for, with the first request, and nothing else: no event, log line or file")
    func sent() async throws {
        try await withSite { site in
            site.origin.serve("/private/a", .status(503), .redirect(to: "/private/image"))
            site.origin.serve("/private/image", .redirect(to: "/public"))
            site.origin.serve("/public", .pattern(size: 1_000))
            site.origin.serve("/private/none", .status(401))
            let worker = try site.startWorker(try settings(site, ["log_level": "trace"]))
            try await site.publish(job(site, "job-1", "/private/a", "token"))
            try await site.publish(job(site, "job-2", "/private/image", "login"))
            try await site.publish(job(site, "job-3", "/public", "header", owner: "acct-1"))
            try await site.publish(job(site, "job-4", "/private/none", "token"))
            for id in ["job-1", "job-2", "job-3"] { #expect(try await site.end(of: id).phase == "completed") }
            #expect(try await site.end(of: "job-4").errorCode == "source_unauthorized")
            try await site.stop(worker)
            let requests = site.origin.journal.entries
            #expect(
                requests.requests(for: "/private/a").map { $0["authorization"] }
                    == [String?](repeating: "Bearer \(Self.canary)-token", count: 2))
            let basic = Data("kim:\(Self.canary)-password".utf8).base64EncodedString()
            #expect(requests.requests(for: "/private/image").contains { $0["authorization"] == "Basic \(basic)" })
            #expect(requests.requests(for: "/public").allSatisfy { $0["authorization"] == nil })
            #expect(requests.requests(for: "/public").contains { $0["x-api-key"] == "\(Self.canary)-value" })
            let events = try await site.settledEvents() + site.deadLetters.entries
            for secret in [Self.canary, basic] {
                #expect(!events.contains { String(decoding: $0.body, as: UTF8.self).contains(secret) })
                #expect(!(worker.errors.entries + worker.output.entries).contains { $0.contains(secret) })
                #expect(try site.filesContaining(secret).filter { $0 != "password" }.isEmpty)
            }
        }
    }

    @Test("A credential that is unknown, of others, or not for the URL fails the job before anything is asked")
    func refused() async throws {
        try await withSite { site in
            site.origin.serve("/public", .pattern(size: 1_000))
            let worker = try site.startWorker(try settings(site))
            try await site.publish(job(site, "job-1", "/public", "absent"))
            try await site.publish(job(site, "job-2", "/public", "token"))
            try await site.publish(job(site, "job-3", "/public", "header"))
            try await site.publish(job(site, "job-4", "/public", "header", owner: "acct-2"))
            for (id, code) in [
                ("job-1", "policy_denied"), ("job-2", "source_denied"), ("job-3", "policy_denied"),
                ("job-4", "policy_denied"),
            ] {
                let end = try await site.end(of: id)
                #expect(end.errorCode == code, "\(id)")
                #expect(end.data["error", "violations"][0]["path"].text == "/source/credential")
            }
            try await site.stop(worker)
            #expect(site.origin.journal.entries.requests.isEmpty)
        }
    }

    @Test("A credential that cannot be sent is a start-up error that names it and not its value")
    func unusable() async throws {
        try await withSite { site in
            let bad = ["credentials.header.name": "Host"]
            let program = try site.start(["worker"], try settings(site, bad))
            #expect(try await program.waitForEnd() == .exited(2))
            #expect(program.errors.entries.contains { $0.contains("credentials.header") })
            #expect(!program.errors.entries.contains { $0.contains(Self.canary) })
        }
    }
}
