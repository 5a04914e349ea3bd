import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("A disk that fails", .needsBroker, .timeLimit(.minutes(10)))
struct DiskFaultTests {
    /// A call of an import that fails.
    struct Blow: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let calls: FaultySystem.Calls
        let passing: Int

        init(_ what: String, _ calls: FaultySystem.Calls, after passing: Int = 0) {
            testDescription = what
            self.calls = calls
            self.passing = passing
        }
    }

    static let blows = [
        Blow("the staging file is made", .opens), Blow("it is cut to nothing", .names),
        Blow("the first write", .writes), Blow("the last write", .writes, after: 2),
        Blow("the bytes are made durable", .syncs), Blow("the commit makes them durable", .syncs, after: 1),
        Blow("it makes a folder durable", .syncs, after: 2), Blow("it makes the name durable", .syncs, after: 3),
        Blow("the file is closed to changes", .names, after: 1), Blow("it gets its name", .names, after: 2),
        Blow("it loses the old one", .names, after: 3),
    ]

    /// Goal: whatever the disk fails at, another attempt makes the image, and the bytes of the first are gone. Method:
    /// the n-th call of one kind that an otherwise ordinary worker makes below the store answers EIO.
    @Test("An error of the disk, at any call, costs an attempt and leaves nothing", arguments: blows)
    func inputOutputError(_ blow: Blow) async throws {
        try await withSite { site in
            let system = try FaultySystem(in: site)
            site.origin.serve("/image", .pattern(size: 2 << 20 + 7))
            let worker = try await site.startReadyWorker(under: system)
            try system.fail(blow.calls, with: EIO, after: blow.passing, times: 1)
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let retry = try await site.event("retrying", of: "job-1")
            #expect(retry.errorCode == "store_unavailable")
            let message = try #require(retry.data["error", "message"].text)
            #expect(message.contains("store default") && message.contains("Input/output error"), "\(message)")
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(try await site.job("job-1").failedAttempts == 1)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 2 << 20 + 7).all)
        }
    }

    @Test("A disk that never takes a byte ends a job with its reason, and no other one")
    func broken() async throws {
        try await withSite { site in
            let system = try FaultySystem(in: site)
            site.origin.serve("/image", .pattern(size: 300_000))
            let worker = try await site.startReadyWorker(under: system)
            try system.fail(.writes, with: EIO)
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 3))
            let end = try await site.end(of: "job-1")
            #expect(end.errorCode == "attempts_exhausted")
            #expect(end.data["error", "cause", "code"].text == "store_unavailable")
            try system.mend()
            try await site.publish(site.importJob("job-2", image: "image-2", path: "/image"))
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.expectSoundness(of: ["job-1", "job-2"], after: worker)
        }
    }

    /// Goal: what a disk did not take is never believed later. Method: one fdatasync(2) fails, and after it the kernel
    /// has nothing left to write and says that all is well: a drain, which asks once more, must not believe that.
    @Test("Bytes that were not made durable once are not gone on with, although the next try succeeds")
    func failedOnce() async throws {
        let settings = ["worker.drain": "1ms", "lease.duration": "60s", "lease.renew": "1s"]
        try await withSite(settings) { site in
            let size: Int64 = 36 << 20
            let system = try FaultySystem(in: site)
            let image = OriginAnswer.pattern(size: size).etag("\"v1\"")
            site.origin.serve("/image", image.holding(after: 34 << 20, until: Gate()), image)
            let first = try await site.startReadyWorker(under: system)
            try system.fail(.syncs, with: EIO, times: 1)
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            try await system.wait(forStrikes: 1)
            try await site.stop(first)
            #expect(site.staged.isEmpty)
            let second = try site.startWorker()
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: second)
            #expect(site.origin.journal.entries.requests(for: "/image").map { $0["range"] } == [nil, nil])
        }
    }

    /// Jobs wait long enough between two attempts for a look at the worker.
    private static let patient = ["retry.base": "1s", "retry.max": "2s"]

    @Test("A store that becomes read-only under an import is named by event and probe, and the job goes on afterwards")
    func readOnly() async throws {
        try await withSite(Self.patient) { site in
            let system = try FaultySystem(in: site)
            let size: Int64 = 4 << 20 + 1
            site.origin.serve("/image", .pattern(size: size))
            let probe = "127.0.0.1:\(try Origin().port)"
            let worker = try await site.startReadyWorker(["health.listen": probe], under: system)
            try system.fail([.writes, .opens, .names], with: EROFS, after: 2)
            try await site.expectReadOnlyStore(worker, probe) { try system.mend() }
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: size).all)
        }
    }

    @Test(
        "So is one whose file system is mounted anew, read-only",
        .enabled(if: SmallFileSystem.isPossible, "This account cannot mount a file system."))
    func remounted() async throws {
        let small = try SmallFileSystem(bytes: 64 << 20)
        let settings = Self.patient.merging(["stores.default.url": "file://\(small.path)/images"]) { $1 }
        try await withSite(settings) { site in
            site.origin.serve("/image", .pattern(size: 300_000))
            let probe = "127.0.0.1:\(try Origin().port)"
            let worker = try await site.startReadyWorker(["health.listen": probe])
            try small.remount(readOnly: true)
            try await site.expectReadOnlyStore(worker, probe) { try small.remount(readOnly: false) }
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 300_000).all)
        }
    }
}

extension Site {
    /// Sends a job to a store that takes nothing, looks what people see of that, mends it, and sees all go well.
    fileprivate func expectReadOnlyStore(
        _ worker: Program, _ probe: String, _ mend: () throws -> Void
    ) async throws {
        try await publish(importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 100))
        let retry = try await event("retrying", of: "job-1")
        #expect(retry.errorCode == "store_unavailable")
        let message = try #require(retry.data["error", "message"].text)
        #expect(message.contains("store default") && message.contains("Read-only file system"), "\(message)")
        let unready = try await get("http://\(probe)/readyz")
        #expect(unready.status == 503)
        #expect(unready.body["store.default"].text?.contains("Read-only file system") == true, "\(unready.body)")
        #expect(try await get("http://\(probe)/healthz").status == 200)
        try mend()
        #expect(try await end(of: "job-1").phase == "completed")
        #expect(try await get("http://\(probe)/readyz").status == 200)
        try await expectSoundness(of: ["job-1"], after: worker)
    }
}
