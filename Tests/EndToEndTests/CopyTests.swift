import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Copies", .needsBroker, .timeLimit(.minutes(10)))
struct CopyTests {
    private static let twoStores = ["stores.second.url": "file://{site}/second"]

    @Test("A copy to another store is announced step by step, while the image stays active")
    func replica() async throws {
        try await withSite(Self.twoStores) { site in
            site.origin.serve("/image", .pattern(size: 3 << 20 + 7))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            try await site.publish(site.copy("job-2", of: "image-1", to: "second"))
            let end = try await site.end(of: "job-2")
            #expect(end.phase == "completed" && end.json["subject"].text == "image-1")
            let locations = end.data["image", "locations"].elements
            #expect(locations.map { $0["store"].text } == ["default", "second"])
            #expect(locations.map { $0["state"].text } == ["available", "available"])
            let events = try await site.settledEvents().of("job-2").filter { $0.phase != "progress" }
            #expect(events.phases == ["accepted", "started", "completed"])
            #expect(events.map { $0.data["image", "operation"].text } == [nil, "copying", nil])
            #expect(events.allSatisfy { $0.data["image", "status"].text == "active" })

            try await site.publish(site.copy("job-3", of: "image-1", to: "second"))
            #expect(try await site.end(of: "job-3").errorCode == "replica_exists")
            for (job, store, code) in [
                ("job-4", "default", nil), ("job-5", "second", "last_replica"),
                ("job-6", "default", "replica_not_found"),
            ] {
                try await site.publish(
                    site.job("delete", job, image: "image-1").setting("delete", to: ["store": .string(store)]))
                #expect(try await site.end(of: job).errorCode == code)
            }
            try await site.expectSoundness(of: (1...6).map { "job-\($0)" }, after: worker)
            #expect(site.objects.count == 1 && site.objects.allSatisfy { $0.contains("/second/") })
        }
    }

    @Test("A copy to a new image outlives the old one, and names where it came from")
    func newImage() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 100_000))
            let worker = try site.startWorker()
            // In any order: the copy waits for the image, what is done to the new image for the copy.
            try await site.publish(
                site.job("update", "job-3", image: "image-2").setting("set", to: ["description": "mine"]))
            try await site.publish(site.copy("job-2", of: "image-1", toNew: "image-2", by: "acct-1"))
            try await site.event("accepted", of: "job-2")
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("image", "owner", to: "acct-1"))
            let end = try await site.end(of: "job-2")
            #expect(end.phase == "completed" && end.json["subject"].text == "image-2")
            #expect(end.data["image", "origin"].text == "image-1")
            #expect(end.data["image", "owner"].text == "acct-1")
            #expect(try await site.end(of: "job-3").phase == "completed")
            try await site.publish(site.job("delete", "job-4", image: "image-1"))
            #expect(try await site.end(of: "job-4").phase == "completed")
            let bytes = try await site.storedBytes(of: "image-2")
            #expect(sha256(bytes) == end.data["image", "digests", "sha256"].text)
            try await site.expectSoundness(of: (1...4).map { "job-\($0)" }, after: worker)
            #expect(site.objects.count == 1)
        }
    }

    @Test("`longshore copy` enqueues either kind of copy and waits for its end")
    func command() async throws {
        try await withSite(Self.twoStores) { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            let replica = try await site.run("copy", "image-1", "--store", "second", "--wait", "--json")
            #expect(replica.end == .exited(0))
            let new = try await site.run(
                "copy", "image-1", "--name", "mine", "--id", "image-2", "--account", "acct-9", "--owner", "acct-9",
                "--wait")
            #expect(new.end == .exited(1))
            let allowed = try await site.run("copy", "image-1", "--name", "mine", "--id", "image-3", "--wait")
            #expect(allowed.end == .exited(0))
            for arguments in [["image-1"], ["image-1", "--store", "second", "--id", "x"]] {
                let wrong = try site.start(["copy"] + arguments)
                #expect(try await wrong.waitForEnd() == .exited(2))
            }
            try await site.stop(worker)
            #expect(try await site.image("image-1").replicas.count == 2)
            #expect(try await site.image("image-3").origin?.rawValue == "image-1")
        }
    }

    @Test("A failed copy can be retried for the same new image")
    func retry() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10_000))
            let worker = try site.startWorker()
            try await site.publish(
                site.copy("job-1", of: "image-1", toNew: "image-2").setting("deadline", to: "2001-01-01T00:00:00Z"))
            let failed = try await site.end(of: "job-1")
            #expect(failed.errorCode == "deadline_exceeded")
            try await site.publish(site.importJob("job-2", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-2")
            let retried = try await site.run("jobs", "retry", "job-1", "--wait")
            #expect(retried.end == .exited(0))
            try await site.expectSoundness(of: ["job-1", "job-2", "job-1~2"], after: worker)
            #expect(try await site.image("image-2").status == .active)
        }
    }

    @Test(
        "A copy whose worker is killed ends once, and leaves nothing behind",
        arguments: [
            Death("after-commit accepted"), Death("after-commit claimed"), Death("before-commit transfer"),
            Death("after-commit transfer"), Death("staged"), Death("appended"), Death("before-commit checkpoint"),
            Death("after-commit checkpoint"), Death("synchronized"), Death("before-commit committing"),
            Death("after-commit committing"), Death("stored"), Death("before-commit ended"),
            Death("after-commit ended"), Death("confirmed-end"),
        ])
    func killed(_ death: Death) async throws {
        let quick = ["lease.duration": "1s", "lease.renew": "200ms"]
        try await withSite(quick.merging(Self.twoStores) { $1 }) { site in
            site.origin.serve("/image", .pattern(size: 3 << 20 + 5))
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            _ = try await site.end(of: "job-1")
            try await site.stop(first)
            try await site.publish(site.copy("job-2", of: "image-1", to: "second"))
            try await site.expectDeath(of: site.startDoomedWorker(death))
            let heir = try await site.startReadyWorker()
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.expectSoundness(of: ["job-1", "job-2"], after: heir)
            #expect(site.objects.count == 2)
        }
    }
}
