import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("Publishers with narrowed rights", .needsBroker, .timeLimit(.minutes(10)))
struct PublisherTests {
    private static let rights = [
        "access.publishers.guest.accounts": "acct-1", "access.publishers.guest.kinds": "import,cancel",
    ]

    private func publish(_ job: JSON, to site: Site, as user: String?) async throws {
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.userID = user
        try await site.publish(
            try job.bytes, exchange: site.names.jobs, key: try #require(job["kind"].text), properties: properties)
    }

    @Test("A publisher asks only for what it may, in whose name it may, under the name that the broker checked")
    func narrowed() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 100))
            let worker = try site.startWorker(Self.rights)
            let job = { site.importJob($0, image: "of-\($0)", path: "/image") }
            let mine: JSON = "acct-1"
            try await publish(job("job-1").setting("actor", "account", to: mine), to: site, as: "guest")
            try await publish(job("job-2").setting("actor", "account", to: "acct-2"), to: site, as: "guest")
            try await publish(job("job-3"), to: site, as: "guest")
            try await publish(job("job-4").setting("actor", "account", to: mine), to: site, as: nil)
            let delete = site.job("delete", "job-5", image: "of-job-1").setting("actor", "account", to: mine)
            try await publish(delete, to: site, as: "guest")
            #expect(try await site.end(of: "job-1").phase == "completed")
            for (id, path) in [
                ("job-2", "/actor/account"), ("job-3", "/actor/account"), ("job-4", ""), ("job-5", "/kind"),
            ] {
                let end = try await site.end(of: id)
                #expect(end.errorCode == "policy_denied", "\(id) \(end)")
                #expect(end.data["error", "violations"][0]["path"].text == path, "\(id)")
            }
            try await site.stop(worker)
            #expect(try await site.image("of-job-1").status == .active)
            #expect(site.origin.journal.entries.requests.count == 1)
        }
    }

    @Test("The program's own commands say who publishes, when somebody wants to know")
    func commands() async throws {
        try await withSite(Self.rights) { site in
            site.origin.serve("/image", .pattern(size: 100))
            let worker = try site.startWorker()
            let job = site.importJob("job-1", path: "/image").setting("actor", "account", to: "acct-1")
            let result = try await site.run("submit", "-", input: try job.bytes)
            #expect(result.end == .exited(0), "\(result.errors)")
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
        }
    }
}
