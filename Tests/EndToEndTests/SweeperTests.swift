import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("What sweeps remove", .needsBroker, .timeLimit(.minutes(10)))
struct SweeperTests {
    @Test("Old bytes that nobody needs go, after a dry run that only tells; everything else is spared")
    func orphans() async throws {
        try await withSite { site in
            try await site.importOne()
            let mine = site.objects
            let orphans = try [
                site.place("staging/orphan-01", old: true), site.place("objects/zz/orphan-zz", old: true),
            ]
            let spared = try [
                site.place("staging/young-01", old: false), site.place("objects/zz/young-zz", old: false),
                site.place("objects/zz/Strange Name", old: true), site.place("objects/notes.txt", old: true),
                site.place("staging/x", old: true), site.place("objects/yy/orphan-zz", old: true),
            ]
            let dry = try await site.run("sweep", "--dry-run", "--json")
            #expect(dry.end == .exited(0), "\(dry.errors)")
            #expect(dry.json["staged"].number == 1 && dry.json["objects"].number == 1 && dry.json["bytes"].number == 6)
            #expect(orphans.allSatisfy(site.exists))
            let swept = try await site.run("sweep")
            #expect(swept.end == .exited(0), "\(swept.errors)")
            #expect(swept.output.contains { $0.contains("objects/zz/orphan-zz") })
            #expect(!orphans.contains(where: site.exists))
            #expect((spared + mine).allSatisfy(site.exists))
            #expect(try await site.run("sweep", "--json").json["staged"].number == 0)
        }
    }

    @Test("Nothing is removed below a marker of another catalog, nor where there is none")
    func strangers() async throws {
        try await withSite { site in
            try await site.importOne()
            let orphan = try site.place("staging/orphan-01", old: true)
            let marker = "\(site.storePath)/.longshore"
            let own = try String(contentsOfFile: marker, encoding: .utf8)
            let id = try #require(try JSON(parsing: own.utf8)["catalog"].text)
            try FileManager.default.removeItem(atPath: marker)
            #expect(try await site.run("sweep").end == .exited(1))
            try own.replacingOccurrences(of: id, with: String(id.reversed())).write(
                toFile: marker, atomically: true, encoding: .utf8)
            let refused = try await site.run("sweep")
            #expect(refused.end == .exited(1) && refused.errors.joined().contains("belongs to catalog"))
            #expect(site.exists(orphan))
        }
    }

    @Test("The bytes of a running job are spared, and gone after a sweep once the job was killed and cancelled")
    func leftovers() async throws {
        try await withSite { site in
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 1 << 20).holding(after: 500_000, until: gate))
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            let early = try await site.run("sweep", "--json", overrides: ["retention.staging": "1s"])
            #expect(early.json["transfers"].number == 0 && early.json["staged"].number == 0)
            #expect(site.staged.count == 1)
            first.signal(SIGKILL)
            _ = try await first.waitForEnd()
            let second = try site.startWorker(["worker.slots.import": "0"])
            try await site.publish(site.cancel("cancel-1", of: "job-1"))
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            try await site.stop(second)
            let late = try await site.run("sweep", "--json")
            #expect(late.end == .exited(0), "\(late.errors)")
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("A worker sweeps by itself as soon as it holds the role")
    func byItself() async throws {
        try await withSite { site in
            try await site.importOne()
            let orphan = try site.place("objects/zz/orphan-zz", old: true)
            let worker = try site.startWorker()
            try await worker.errors.wait(for: "a sweep") { $0.contains { $0.contains("Swept") } }
            try await site.stop(worker)
            #expect(!site.exists(orphan) && site.objects.count == 1)
        }
    }

    @Test("Ended jobs and published events are forgotten when their time has passed, and the id is free again")
    func retention() async throws {
        try await withSite(catalog: .file) { site in
            try await site.importOne()
            let short = ["retention.jobs": "1s", "retention.history": "0"]
            let early = try await site.run("sweep", "--json")
            #expect(early.json["jobs"].number == 0 && early.json["events"].number == 0)
            try await site.age("job-1", bySeconds: 2)
            let dry = try await site.run("sweep", "--dry-run", "--json", overrides: short)
            #expect(dry.json["jobs"].number == 1 && dry.json["events"].number == 3, "\(dry.errors)")
            let swept = try await site.run("sweep", "--json", overrides: short)
            #expect(swept.json["jobs"].number == 1 && swept.json["events"].number == 3)
            #expect(try await site.run("jobs", "show", "job-1").end == .exited(5))
            #expect(try await site.image("image-1").status == .active)
            #expect(site.objects.count == 1)
        }
    }
}

extension Site {
    /// Imports `image-1` with `job-1`.
    fileprivate func importOne() async throws {
        origin.serve("/image", .pattern(size: 1_000))
        let worker = try startWorker()
        try await publish(importJob("job-1", image: "image-1", path: "/image"))
        #expect(try await end(of: "job-1").phase == "completed")
        try await stop(worker)
    }

    /// Lets an ended job have ended earlier.
    fileprivate func age(_ job: String, bySeconds seconds: Int) async throws {
        let script = """
            import sqlite3, sys
            with sqlite3.connect(sys.argv[1], timeout=20) as catalog:
                rows = catalog.execute(
                    "UPDATE jobs SET body = json_set(body, '$.endedAt', json_extract(body, '$.endedAt') - ?) "
                    "WHERE id = ?", (int(sys.argv[2]) * 1_000_000, sys.argv[3])).rowcount
            sys.exit(0 if rows == 1 else 1)
            """
        let program = try Program(
            "/usr/bin/python3", ["-c", script, catalogPath, "\(seconds)", job], environment: ["PATH": "/usr/bin:/bin"])
        #expect(try await program.waitForEnd() == .exited(0), "\(program.errors.entries)")
    }

    /// Puts three bytes into the store, written now or a month ago.
    fileprivate func place(_ name: String, old: Bool) throws -> String {
        let path = URL(fileURLWithPath: "\(storePath)/\(name)")
        try FileManager.default.createDirectory(
            at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data([1, 2, 3]).write(to: path)
        let age: TimeInterval = old ? 30 * 86_400 : 0
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path.path)
        return path.path
    }

    fileprivate func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
