import Foundation
import ImageModel
import SQLiteCatalog
import TestSupport
import Testing

@Suite("A catalog that says no", .needsBroker, .timeLimit(.minutes(10)))
struct CatalogFaultTests {
    private static let quick = ["lease.duration": "1s", "lease.renew": "200ms"]
    private static let steps = [
        "accepted", "claimed", "transfer", "checkpoint", "committing", "ended", "published", "renewed",
    ]

    /// Goal: a commit that failed, as on a full or broken disk, and one that succeeded although its answer was lost.
    /// Method: the database of an otherwise ordinary worker says that it is unavailable, before or after the commit.
    @Test("A commit that fails, and one whose answer is lost", arguments: ["before-commit", "after-commit"], steps)
    func unavailable(when: String, step: String) async throws {
        try await withSite(Self.quick) { site in
            let size: Int64 = step == "checkpoint" ? 34 << 20 : 300_000
            site.origin.serve(
                "/lot", .pattern(size: size).etag("\"v1\"").trickling(bytes: Int(size) / 10, milliseconds: 60))
            let worker = try site.startDoomedWorker(Death("\(when) \(step)", 3), action: "fail")
            for job in ["job-1", "job-2"] { try await site.publish(site.importJob(job, path: "/lot")) }
            for job in ["job-1", "job-2"] {
                #expect(try await site.end(of: job).phase == "completed")
            }
            try await site.expectSoundness(of: ["job-1", "job-2"], after: worker)
            #expect(worker.errors.entries.contains { $0.hasPrefix("The fuse says") })
        }
    }

    /// Goal: what SQLite could not write is not believed, and the next transaction goes on. Method: some calls on the file and
    /// its log, from the n-th on, fail in an otherwise ordinary worker.
    @Test(
        "A disk that fails under the catalog for a moment loses nothing",
        arguments: [
            (.writes, EIO, 3), (.syncs, EIO, 0), (.syncs, EIO, 7), ([.writes, .names], EROFS, 5),
        ] as [(FaultySystem.Calls, Int32, Int)])
    func brokenDisk(_ calls: FaultySystem.Calls, _ number: Int32, after passing: Int) async throws {
        try await withSite(Self.quick, catalog: .file) { site in
            let system = try FaultySystem(in: site, at: site.catalogPath)
            let worker = try await site.startReadyWorker(under: system)
            try system.fail(calls, with: number, after: passing, times: 4)
            let jobs = try await site.publishImports(4)
            try await system.wait(forStrikes: 4)
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.expectSoundness(of: jobs, after: worker)
        }
    }

    @Test("A lock that is held for longer than anybody waits for it stops jobs, and loses none")
    func locked() async throws {
        try await withSite(Self.quick, catalog: .file) { site in
            let worker = try await site.startReadyWorker()
            let jobs = try await site.publishImports(6)
            try await site.event("started", of: "job-1")
            let database = try SQLiteCatalogDatabase(path: site.catalogPath)
            // Blocks the test's own writer, on its own thread, with the lock of the file.
            try await database.write { _ in Thread.sleep(forTimeInterval: 12) }
            await database.close()
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.expectSoundness(of: jobs, after: worker)
        }
    }
}
