import Catalog
import ImageModel
import RabbitMQ
import TestSupport
import Testing

@Suite("Imports, from message to stored image", .needsBroker, .timeLimit(.minutes(10)))
struct ImportTests {
    @Test(
        "An import is accepted, started and completed; the store holds the bytes as served and the catalog their digest"
    )
    func succeeds() async throws {
        try await withSite(["broker.queue_type": "quorum"]) { site in
            let bytes = PatternBytes(size: 3 << 20, seed: 7)
            site.origin.serve("/disk.img", .pattern(size: bytes.size, seed: 7))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/disk.img").setting("digests", to: ["sha256", "md5"]))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)

            #expect(end.step == "import.completed")
            let digest = sha256(bytes.all)
            #expect(end.data["image", "digests", "sha256"].text == digest)
            #expect(end.data["image", "digests", "md5"].text?.count == 32)
            #expect(end.data["image", "status"].text == "active")
            #expect(end.data["image", "size"].number == 3 << 20)
            #expect(try await site.storedBytes(of: "image-1") == bytes.all)
            #expect(try await site.image("image-1").status == .active)
            #expect(try await site.job("job-1").state == .succeeded)
            #expect(try await site.unpublished().isEmpty)
            #expect(site.objects.count == 1 && site.staged.isEmpty)

            let events = try await site.settledEvents().of("job-1")
            #expect(events.phases == ["accepted", "started", "completed"])
            let steps = events.filter { $0.phase != "progress" }
            #expect(steps.map(\.sequence) == [1, 2, 3])
            #expect(Set(events.filter(\.isTerminal).map(\.id)).count == 1)
            #expect(steps.allSatisfy { $0.json["subject"].text == "image-1" && $0.properties.messageID == $0.id })
            #expect(steps.allSatisfy { $0.properties.contentType?.hasPrefix("application/cloudevents+json") == true })
            #expect(events.map(\.routingKey).last == "image.import.completed._")
        }
    }

    @Test("A slow import reports progress whose bytes never fall")
    func progress() async throws {
        try await withSite { site in
            site.origin.serve("/slow", .pattern(size: 8 << 20).trickling(bytes: 256 << 10, milliseconds: 40))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/slow"))
            _ = try await site.end(of: "job-1")
            try await site.stop(worker)
            let reports = try await site.settledEvents().of("job-1").filter { $0.phase == "progress" }
            let bytes = reports.compactMap { $0.data["progress", "bytes"].number }
            #expect(reports.count >= 2 && bytes.count == reports.count)
            #expect(bytes == bytes.sorted())
            #expect(reports.allSatisfy { $0.data["progress", "total"].number == 8 << 20 && $0.sequence == nil })
        }
    }

    @Test("Bytes without a length, and bytes in chunks, are stored whole", arguments: ["chunked", "until-close"])
    func framings(_ framing: String) async throws {
        try await withSite { site in
            let answer = OriginAnswer.pattern(size: 700_001, seed: 3)
            site.origin.serve("/image", framing == "chunked" ? answer.chunked() : answer.untilClose())
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 700_001, seed: 3).all)
        }
    }

    @Test("An expected size, format and digest that are right let the import through")
    func expectations() async throws {
        try await withSite { site in
            let bytes = PatternBytes(size: 100_000, seed: 5)
            site.origin.serve("/image", .pattern(size: bytes.size, seed: 5))
            let worker = try site.startWorker()
            let job = site.importJob("job-1", path: "/image")
                .setting(
                    "expect", to: ["size": 100_000, "format": "raw", "digests": ["sha256": .string(sha256(bytes.all))]])
            try await site.publish(job)
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
        }
    }

    @Test("Events nobody is bound for count as published and are marked as unrouted")
    func nobodyListens() async throws {
        try await withSite(isListening: false) { site in
            site.origin.serve("/image", .pattern(size: 10))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image"), replyTo: site.replyQueue)
            try await site.replies.wait(for: "the reply") { !$0.isEmpty }
            try await site.stop(worker)
            #expect(try await site.unpublished().isEmpty)
            let id = try #require(ImageID("image-1"))
            let history = try await site.catalog().read { try $0.history(of: id, limit: 100) }
            #expect(history.count == 3)
            #expect(history.allSatisfy { $0.isUnrouted && $0.publishedAt != nil })
            #expect(site.events.entries.isEmpty)
        }
    }

    @Test("A worker started on an empty broker declares all it needs, and a second start finds it as it should be")
    func declaresTopology() async throws {
        try await withSite(["broker.queue_type": "quorum"]) { site in
            let fresh = ["broker.prefix": site.prefix + "-fresh"]
            let worker = try await site.startReadyWorker(fresh)
            try await site.stop(worker)
            let checked = try await site.run("topology", "check", overrides: fresh)
            #expect(checked.end == .exited(0), "\(checked.errors)")
            let again = try await site.startReadyWorker(fresh)
            try await site.stop(again)
            try await site.removeTopology(prefix: site.prefix + "-fresh")
        }
    }
}
