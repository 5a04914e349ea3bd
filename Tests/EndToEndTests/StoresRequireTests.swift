import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Imports into several stores", .needsBroker, .timeLimit(.minutes(10)))
struct StoresRequireTests {
    private static let twoStores = ["stores.second.url": "file://{site}/second"]
    private static let size: Int64 = 3 << 20 + 5

    private func importJob(_ site: Site, _ require: String? = "any", path: String = "/image") -> JSON {
        let job = site.importJob("job-1", image: "image-1", path: path)
            .setting("stores", to: ["default", "second"])
        return require.map { job.setting("stores_require", to: .string($0)) } ?? job
    }

    /// An event of the copy that repairs the import.
    private func repair(_ site: Site, _ phase: String) async throws -> Received {
        try await site.events.first("\(phase) of the repair", limit: .patience) {
            $0.data["job", "repair_of"].text == "job-1" && $0.phase == phase ? $0 : nil
        }
    }

    private func states(_ event: Received) -> [String?] {
        event.data["image", "locations"].elements.map { $0["state"].text }
    }

    /// Both stores have the image, its bytes are right, and nothing else is left.
    private func expectWhole(_ site: Site, after worker: Program) async throws {
        try await site.expectSoundness(of: ["job-1"], after: worker)
        let image = try await site.image("image-1")
        #expect(image.replicas.map(\.store.rawValue) == ["default", "second"])
        #expect(image.replicas.allSatisfy { $0.state == .available })
        #expect(site.objects.count == 2)
    }

    @Test("Bytes are fetched once for all stores", arguments: ["all", "any", nil])
    func all(_ require: String?) async throws {
        try await withSite(Self.twoStores) { site in
            site.origin.serve("/image", .pattern(size: Self.size))
            let worker = try site.startWorker()
            try await site.publish(importJob(site, require))
            #expect(states(try await site.end(of: "job-1")) == ["available", "available"])
            #expect(site.origin.journal.entries.requests.count == 1)
            try await expectWhole(site, after: worker)
            #expect(try await site.settledEvents().allSatisfy { $0.jobID == "job-1" })
        }
    }

    @Test("A store that is gone gets its replica when it is back, whoever has died meanwhile")
    func goneStore() async throws {
        try await withSite(Self.twoStores) { site in
            site.origin.serve("/image", .pattern(size: Self.size))
            let (place, away) = ("\(site.directory)/second", "\(site.directory)/away")
            let first = try await site.startReadyWorker()
            try FileManager.default.moveItem(atPath: place, toPath: away)
            try await site.publish(importJob(site))
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "completed" && states(end) == ["available", "pending"])
            let retrying = try await repair(site, "retrying")
            #expect(retrying.errorCode == "store_unavailable" && states(retrying) == ["available", "pending"])
            #expect(retrying.data["image", "operation"].text == nil)
            first.signal(SIGKILL)
            #expect(try await first.waitForEnd() == .signalled(SIGKILL))
            try FileManager.default.moveItem(atPath: away, toPath: place)
            let second = try site.startWorker()
            #expect(states(try await repair(site, "completed")) == ["available", "available"])
            #expect(site.origin.journal.entries.requests.count == 1)
            try await expectWhole(site, after: second)
        }
    }

    @Test("A worker starts without a store that is away, says which, and fills it once it is back")
    func startsWithout() async throws {
        try await withSite(Self.twoStores) { site in
            site.origin.serve("/image", .pattern(size: Self.size))
            let (place, away) = ("\(site.directory)/second", "\(site.directory)/away")
            try await site.stop(site.startReadyWorker())
            try FileManager.default.moveItem(atPath: place, toPath: away)
            // What is left of a file system that is not mounted.
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
            let port = try Origin().port
            let worker = try await site.startReadyWorker([
                "worker.start_timeout": "5s", "health.listen": "127.0.0.1:\(port)",
            ])
            try await worker.errors.wait(for: "the port") { lines in
                lines.contains { $0.contains("Listening") && $0.contains("port=\(port)") }
            }
            #expect(worker.errors.entries.contains { $0.contains("starts without a store") && $0.contains("second") })
            let unready = try await site.get("http://127.0.0.1:\(port)/readyz")
            #expect(unready.status == 503 && unready.body["store.second"].text?.contains("mounted?") == true)
            try await site.publish(importJob(site))
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "completed" && states(end) == ["available", "pending"])
            #expect(try await repair(site, "retrying").errorCode == "store_unavailable")
            #expect(try FileManager.default.contentsOfDirectory(atPath: place).isEmpty)
            try FileManager.default.removeItem(atPath: place)
            try FileManager.default.moveItem(atPath: away, toPath: place)
            #expect(states(try await repair(site, "completed")) == ["available", "available"])
            #expect(try await site.get("http://127.0.0.1:\(port)/readyz").status == 200)
            try await expectWhole(site, after: worker)
        }
    }

    @Test("Where all stores are required a full one ends the job, and no store keeps a byte")
    func required() async throws {
        let full = ["stores.second.reserve_bytes": "1000TiB"].merging(Self.twoStores) { $1 }
        try await withSite(full) { site in
            site.origin.serve("/image", .pattern(size: Self.size))
            let worker = try site.startWorker()
            try await site.publish(importJob(site, nil).setting("max_attempts", to: 2))
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "failed" && end.data["error", "cause", "code"].text == "capacity_exceeded")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(site.objects.isEmpty)
        }
    }

    @Test(
        "A worker that is killed beside a full store leaves an import that ends once, and a replica that comes later",
        arguments: [
            Death("after-commit transfer"), Death("staged"), Death("appended"),
            Death("before-commit committing"), Death("after-commit committing"), Death("stored"),
            Death("before-commit ended"), Death("after-commit ended"), Death("confirmed-end"),
        ])
    func killed(_ death: Death) async throws {
        let quick = ["lease.duration": "1s", "lease.renew": "200ms"]
        try await withSite(quick.merging(Self.twoStores) { $1 }) { site in
            site.origin.serve("/image", .pattern(size: Self.size))
            try await site.publish(importJob(site))
            try await site.expectDeath(
                of: site.startDoomedWorker(death, ["stores.second.reserve_bytes": "1000TiB"]))
            let heir = try await site.startReadyWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await expectWhole(site, after: heir)
        }
    }

    @Test(
        "A store that fills up in the middle of an image gets it once there is room",
        .enabled(if: SmallFileSystem.isPossible, "This account cannot mount a file system."))
    func fullInTheMiddle() async throws {
        let small = try SmallFileSystem(bytes: 16 << 20)
        try await withSite(["stores.second.url": "file://\(small.path)/images"]) { site in
            let gate = Gate()
            let length: Int64 = 10 << 20
            site.origin.serve("/image", .pattern(size: length).holding(after: 1 << 20, until: gate))
            let worker = try site.startWorker()
            try await site.publish(importJob(site))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            let filler = "\(small.path)/filler"
            try small.fill(filler, leaving: 2 << 20)
            gate.open()
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "completed" && states(end) == ["available", "pending"])
            #expect(try await repair(site, "retrying").errorCode == "capacity_exceeded")
            try FileManager.default.removeItem(atPath: filler)
            #expect(states(try await repair(site, "completed")) == ["available", "available"])
            try await expectWhole(site, after: worker)
        }
    }

    @Test("`longshore import --stores-require any` says so; a copy that somebody asks for takes the repair's place")
    func commands() async throws {
        let full = ["stores.second.reserve_bytes": "1000TiB"].merging(Self.twoStores) { $1 }
        try await withSite(full) { site in
            site.origin.serve("/image", .pattern(size: Self.size))
            let first = try site.startWorker()
            let imported = try await site.run(
                "import", site.origin.url("/image"), "--id", "image-1", "--store", "default", "--store", "second",
                "--stores-require", "any", "--wait")
            #expect(imported.end == .exited(0))
            let shown = try await site.run("images", "show", "image-1", "--json")
            #expect(shown.json["locations"].elements.map { $0["state"].text } == ["available", "pending"])
            try await site.stop(first)
            let second = try site.startWorker(["stores.second.reserve_bytes": "0"])
            let copied = try await site.run("copy", "image-1", "--store", "second", "--wait")
            #expect(copied.end == .exited(0) || copied.end == .exited(1))
            try await site.settle([])
            #expect(try await site.image("image-1").replicas.allSatisfy { $0.state == .available })
            try await site.stop(second)
        }
    }
}
