import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Connections that are cut", .needsBroker, .timeLimit(.minutes(10)))
struct CutConnectionTests {
    @Test("A connection that is cut again and again goes on where it was cut, and no attempt is lost")
    func cut() async throws {
        try await withSite { site in
            let size: Int64 = 9 << 20 + 5
            let image = OriginAnswer.pattern(size: size).etag("\"v1\"")
            site.origin.serve(
                "/image", image.hangingUp(after: 2 << 20 + 9), image.hangingUp(after: 5 << 20 + 9),
                image.hangingUp(after: 7 << 20), image)
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 1))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "completed"])
            let ranges = site.origin.journal.entries.requests(for: "/image").map { $0["range"] }
            #expect(ranges == [nil, "bytes=\(2 << 20)-", "bytes=\(5 << 20)-", "bytes=\(7 << 20)-"])
            try await site.expectWhole("job-1", image: "image-1", PatternBytes(size: size))
        }
    }

    @Test(
        "Whatever ends a body before its time, the same attempt goes on",
        arguments: ["reset", "stall", "overloaded", "chunked"])
    func mended(_ path: String) async throws {
        try await withSite(["fetch.timeouts.stall": "1s"]) { site in
            let size: Int64 = 9 << 20 + 5
            let gate = Gate()
            let image = OriginAnswer.pattern(size: size).etag("\"v1\"")
            site.origin.serve("/reset", image.holding(after: 5 << 20, until: gate).resetting(after: 5 << 20), image)
            site.origin.serve("/stall", image.holding(after: 5 << 20, until: gate), image)
            site.origin.serve(
                "/overloaded", image.hangingUp(after: 5 << 20), .status(503), .status(429).retryAfter("1"), image)
            site.origin.serve("/chunked", image.chunked().hangingUp(after: 5 << 20), image.chunked())
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/\(path)").setting("max_attempts", to: 1))
            if path == "reset" {
                await site.origin.journal.wait { $0.held["/reset"] == 1 }
                gate.open()
            }
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "completed"])
            let requests = site.origin.journal.entries.requests(for: "/\(path)")
            #expect(requests.dropFirst().allSatisfy { $0["range"] != nil && $0["if-range"] == "\"v1\"" })
            #expect(requests.count == (path == "overloaded" ? 4 : 2))
            try await site.expectWhole("job-1", image: "image-1", PatternBytes(size: size))
        }
    }

    @Test("A signed URL that has run out when its connection is cut ends the job, and is not asked again")
    func signedURL() async throws {
        try await withSite { site in
            site.origin.serve(
                "/image", .pattern(size: 9 << 20).etag("\"v1\"").hangingUp(after: 5 << 20), .status(403))
            let worker = try site.startWorker()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image", query: "?signature=s3cr3t"))
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "failed" && end.errorCode == "source_unauthorized")
            try await site.stop(worker)
            #expect(site.origin.journal.entries.requests(for: "/image").count == 2)
            #expect(site.objects.isEmpty && site.staged.isEmpty)
        }
    }

    @Test("Bytes of several answers that are not what was expected are fetched once more as a whole")
    func refetched() async throws {
        try await withSite { site in
            let size: Int64 = 6 << 20
            let old = OriginAnswer.pattern(size: size, seed: 1).etag("\"v1\"")
            let new = OriginAnswer.pattern(size: size, seed: 2).etag("\"v1\"")
            site.origin.serve("/mended", old.hangingUp(after: 3 << 20), new)
            site.origin.serve("/wrong", old.hangingUp(after: 3 << 20), new, old)
            let worker = try site.startWorker()
            let digest = JSON.string(sha256(PatternBytes(size: size, seed: 2).all))
            for path in ["mended", "wrong"] {
                let job = site.importJob(path, image: "image-\(path)", path: "/\(path)")
                try await site.publish(job.setting("expect", "digests", "sha256", to: digest))
                let end = try await site.end(of: path)
                #expect(end.phase == (path == "mended" ? "completed" : "failed"))
                #expect(end.errorCode == (path == "mended" ? nil : "digest_mismatch"))
                let ranges = site.origin.journal.entries.requests(for: "/\(path)").map { $0["range"] }
                #expect(ranges == [nil, "bytes=\(3 << 20)-", nil])
            }
            try await site.stop(worker)
            #expect(try await site.storedBytes(of: "image-mended") == PatternBytes(size: size, seed: 2).all)
            #expect(site.objects.count == 1 && site.staged.isEmpty)
        }
    }

    @Test("A body that always ends at the same byte fails as truncated, and leaves no byte")
    func lying() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 9 << 20).etag("\"v1\"").hangingUp(after: 2 << 20))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "failed")
            #expect(end.data["error", "code"].text == "source_truncated")
            #expect(site.objects.isEmpty && site.staged.isEmpty)
            try await site.stop(worker)
            #expect(try await site.settledEvents().of("job-1").phases == ["accepted", "started", "failed"])
        }
    }
}
