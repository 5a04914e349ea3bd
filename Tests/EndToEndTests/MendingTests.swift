import ImageModel
import RabbitMQ
import TestSupport
import Testing

@Suite("Commands that mend", .needsBroker, .timeLimit(.minutes(10)))
struct MendingTests {
    @Test("`events resend` publishes an image's history again, the same ids and bytes in the same order")
    func resend() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            try await site.publish(site.importJob("job-2", image: "image-2", path: "/image"))
            _ = try await site.end(of: "job-1")
            _ = try await site.end(of: "job-2")
            try await site.stop(worker)
            let first = try await site.settledEvents().of("job-1").filter { $0.phase != "progress" }
            let dry = try await site.run("events", "resend", "--image", "image-1", "--dry-run")
            #expect(dry.end == .exited(0) && dry.output.count == first.count, "\(dry.errors)")
            let done = try await site.run("events", "resend", "--image", "image-1", "--json")
            #expect(done.end == .exited(0), "\(done.errors)")
            #expect(done.json["resent"].number == first.count)
            let all = try await site.settledEvents().of("job-1").filter { $0.phase != "progress" }
            #expect(all.suffix(first.count).map(\.body) == first.map(\.body))
            #expect(all.suffix(first.count).map(\.routingKey) == first.map(\.routingKey))
            #expect(all.suffix(first.count).map(\.properties.messageID) == first.map(\.properties.messageID))
            #expect(all.count == 2 * first.count)
            #expect(try await site.settledEvents().of("job-2").filter(\.isTerminal).count == 1)
        }
    }

    @Test("`events resend` chooses by job and by time, and wants a choice")
    func resendChoice() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image"))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            let time = try #require(end.json["time"].text)
            #expect(try await site.run("events", "resend").end == .exited(2))
            #expect(try await site.run("events", "resend", "--job", "nobody").end == .exited(5))
            #expect(try await site.run("events", "resend", "--since", "yesterday").end == .exited(2))
            let before = try await site.run(
                "events", "resend", "--job", "job-1", "--until", "2020-01-01T00:00:00Z", "--json")
            #expect(before.end == .exited(0) && before.json["resent"].number == 0)
            let since = try await site.run("events", "resend", "--since", time, "--json")
            #expect(since.json["resent"].number == 1, "\(since.output) \(since.errors)")
        }
    }

    @Test("`jobs retry` makes a new job that names the one it retries and goes on with the same image")
    func retry() async throws {
        try await withSite { site in
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/absent"))
            #expect(try await site.end(of: "job-1").phase == "failed")
            let again = try await site.run("jobs", "retry", "job-1", "--wait")
            #expect(again.end == .exited(1))
            site.origin.serve("/here", .pattern(size: 1_000))
            let done = try await site.run(
                "jobs", "retry", "job-1", "--source-url", site.origin.url("/here?sig=canary"), "--wait", "--json")
            #expect(done.end == .exited(0), "\(done.errors)")
            #expect(done.json["job", "id"].text == "job-1~3" && done.json["job", "retry_of"].text == "job-1")
            #expect(done.json["image", "id"].text == "image-1")
            let pointless = try await site.run("jobs", "retry", "job-1")
            #expect(pointless.end == .exited(2) && pointless.errors.joined().contains("succeeded"))
            #expect(try await site.run("jobs", "retry", "nobody").end == .exited(5))
            try await site.stop(worker)
            #expect(try await site.image("image-1").status == .active)
        }
    }

    @Test("A retry of an import whose URL had a query asks for the URL, because the query was wiped")
    func retryWithSecret() async throws {
        try await withSite { site in
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/absent", query: "?sig=canary"))
            #expect(try await site.end(of: "job-1").phase == "failed")
            let refused = try await site.run("jobs", "retry", "job-1")
            #expect(refused.end == .exited(2) && refused.errors.joined().contains("--source-url"))
            site.origin.serve("/absent", .pattern(size: 1_000))
            let done = try await site.run(
                "jobs", "retry", "job-1", "--source-url", site.origin.url("/absent?sig=fresh"), "--wait")
            try await site.stop(worker)
            #expect(done.end == .exited(0), "\(done.errors)")
        }
    }
}
