import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("Imports that cannot succeed", .needsBroker, .timeLimit(.minutes(10)))
struct FailureTests {
    /// A source or an expectation that no attempt can satisfy.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        var answers: [OriginAnswer]
        var expect: JSON?
        var settings: [String: String] = [:]
        var phases = ["accepted", "started", "failed"]
    }

    static let cases: [Case] = [
        Case(testDescription: "404", code: "source_not_found", answers: [.status(404)]),
        Case(testDescription: "403", code: "source_unauthorized", answers: [.status(403)]),
        Case(
            testDescription: "a body always shorter than its Content-Length", code: "source_truncated",
            answers: [.pattern(size: 5_000).declaring(length: 9_000)]),
        Case(
            testDescription: "a wrong size, told by the headers", code: "size_mismatch",
            answers: [.pattern(size: 5_000)], expect: ["size": 5_001]),
        Case(
            testDescription: "a wrong size, seen only at the end", code: "size_mismatch",
            answers: [.pattern(size: 5_000).chunked()], expect: ["size": 5_001]),
        Case(
            testDescription: "more than the expected size, without a length", code: "size_mismatch",
            answers: [.pattern(size: 500_000).chunked()], expect: ["size": 5_001]),
        Case(
            testDescription: "a wrong digest", code: "digest_mismatch", answers: [.pattern(size: 5_000)],
            expect: ["digests": ["sha256": .string(String(repeating: "ab", count: 32))]]),
        Case(
            testDescription: "another format", code: "format_mismatch", answers: [.pattern(size: 5_000)],
            expect: ["format": "qcow2"]),
        Case(
            testDescription: "what begins like gzip and is none", code: "decompression_failed",
            answers: [.bytes([0x1F, 0x8B, 0x08] + [UInt8](repeating: 7, count: 5_000))]),
        Case(
            testDescription: "too large, told by the headers", code: "size_limit", answers: [.pattern(size: 200_000)],
            settings: ["limits.image_bytes": "100000"]),
        Case(
            testDescription: "too large, without a length", code: "size_limit",
            answers: [.pattern(size: 200_000).chunked()], settings: ["limits.image_bytes": "100000"]),
    ]

    /// Goal: a deadline ends a job wherever it is. Method: its source falls silent in the middle, for longer than that.
    @Test("An import that runs at its deadline fails then, and leaves nothing")
    func deadline() async throws {
        try await withSite(["lease.renew": "500ms"]) { site in
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 9 << 20).etag("\"v1\"").holding(after: 5 << 20, until: gate))
            let worker = try await site.startReadyWorker()
            let deadline = Date(timeIntervalSinceNow: 15).ISO8601Format()
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("deadline", to: .string(deadline)))
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "failed" && end.data["error", "code"].text == "deadline_exceeded")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(try await site.image("image-1").status == .failed)
        }
    }

    @Test("What can never succeed fails once, with its code, and leaves no byte", arguments: cases)
    func failure(_ test: Case) async throws {
        try await withSite(test.settings) { site in
            for answer in test.answers { site.origin.serve("/image", answer) }
            let worker = try site.startWorker()
            var job = site.importJob("job-1", image: "image-1", path: "/image")
            if let expect = test.expect { job = job.setting("expect", to: expect) }
            try await site.publish(job)
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.phase == "failed")
            #expect(end.errorCode == test.code)
            #expect(end.data["error", "message"].text?.isEmpty == false)
            #expect(try await site.settledEvents().of("job-1").phases == test.phases)
            #expect(try await site.image("image-1").status == .failed)
            #expect(try await site.job("job-1").state == .failed)
            #expect(site.staged.isEmpty && site.objects.isEmpty)
            #expect(try await site.unpublished().isEmpty)
        }
    }

    @Test("A certificate that nobody vouches for is refused")
    func untrustedCertificate() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 10))
            let front = try TLSFront(before: site.origin)
            let worker = try site.startWorker(["fetch.allow_private": front.rule])
            let job = site.importJob("job-1", path: "/image")
                .setting("source", "url", to: .string(front.url("/image")))
                .setting("max_attempts", to: 2)
            try await site.publish(job)
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            let codes = [end.errorCode, end.data["error", "cause", "code"].text]
            #expect(end.phase == "failed" && codes.contains("source_tls"))
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("An address of this machine that is not exempt is never asked")
    func privateAddress() async throws {
        try await withSite(["fetch.allow_private": ""]) { site in
            site.origin.serve("/image", .pattern(size: 10))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image"))
            #expect(try await site.end(of: "job-1").errorCode == "source_denied")
            try await site.stop(worker)
            #expect(site.origin.journal.entries.accepted == 0)
        }
    }
}

@Suite("Imports that are tried again", .needsBroker, .timeLimit(.minutes(10)))
struct RetryTests {
    @Test("A source that refuses connections is tried again, and then given up with the reason")
    func refused() async throws {
        try await withSite { site in
            let gone = try Origin().rule
            let worker = try site.startWorker(["fetch.allow_private": gone])
            let job = site.importJob("job-1", path: "/image")
                .setting("source", "url", to: .string("http://\(gone)/image")).setting("max_attempts", to: 3)
            try await site.publish(job)
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.errorCode == "attempts_exhausted")
            #expect(end.data["error", "cause", "code"].text == "source_unavailable")
            let phases = try await site.settledEvents().of("job-1").phases
            #expect(phases == ["accepted", "started", "retrying", "started", "retrying", "started", "failed"])
        }
    }

    @Test("A source that stalls is tried again, and then given up with the reason")
    func stalled() async throws {
        try await withSite(["fetch.timeouts.stall": "1s"]) { site in
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 100_000).holding(after: 1_000, until: gate))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image").setting("max_attempts", to: 2))
            let end = try await site.end(of: "job-1")
            try await site.expectSoundness(of: ["job-1"], after: worker)
            #expect(end.errorCode == "attempts_exhausted")
            #expect(end.data["error", "cause", "code"].text == "source_unavailable")
            #expect(try await site.settledEvents().of("job-1").contains { $0.phase == "retrying" })
            #expect(site.staged.isEmpty && site.objects.isEmpty)
        }
    }

    @Test("A source that is overloaded twice and then well is imported")
    func overloaded() async throws {
        try await withSite { site in
            site.origin.serve("/image", .status(503), .status(503), .pattern(size: 5_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.phase == "completed")
            #expect(end.data["job", "attempt"].number == 3)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 5_000).all)
            let retries = try await site.settledEvents().of("job-1").filter { $0.phase == "retrying" }
            #expect(retries.map(\.errorCode) == ["source_unavailable", "source_unavailable"])
        }
    }

    @Test("A source that is always overloaded is given up after max_attempts")
    func exhausted() async throws {
        try await withSite { site in
            site.origin.serve("/image", .status(503))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", path: "/image").setting("max_attempts", to: 2))
            let end = try await site.end(of: "job-1")
            try await site.stop(worker)
            #expect(end.errorCode == "attempts_exhausted")
            #expect(end.data["error", "cause", "code"].text == "source_unavailable")
            #expect(site.origin.journal.entries.requests(for: "/image").count == 2)
        }
    }

    @Test("A connection that breaks in the middle is tried again, and the bytes are right")
    func broken() async throws {
        try await withSite { site in
            site.origin.serve(
                "/image", .pattern(size: 900_000).resetting(after: 300_000), .pattern(size: 900_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            #expect(try await site.storedBytes(of: "image-1") == PatternBytes(size: 900_000).all)
            #expect(site.staged.isEmpty && site.objects.count == 1)
        }
    }
}
