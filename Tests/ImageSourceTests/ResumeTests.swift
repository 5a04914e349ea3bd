import ImageModel
import TestSupport
import Testing

@testable import ImageSource

@Suite("Resumed fetches", .timeLimit(.minutes(10)))
struct ResumeTests {
    private let size: Int64 = 300_000

    @Test(
        "A range goes on where the bytes ended, with the validator",
        arguments: ["\"v1\"", "Sat, 01 Jan 2022 00:00:00 GMT"])
    func range(validator: String) async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: size).etag("\"v1\"").lastModified("Sat, 01 Jan 2022 00:00:00 GMT"))
        let fetched = try await source(for: origin).fetch(
            origin.url("/image"), expecting: PatternBytes(size: size),
            resume: ResumePoint(offset: 100_001, validator: validator))
        #expect(fetched.offset == 100_001)
        #expect(fetched.count == size - 100_001)
        #expect(fetched.isRight)
        #expect(fetched.facts.size == size)
        let seen = await origin.requests(for: "/image")
        #expect(seen.first?["range"] == "bytes=100001-")
        #expect(seen.first?["if-range"] == validator)
    }

    @Test("A range goes along through redirects")
    func rangeThroughRedirect() async throws {
        let origin = try Origin()
        origin.serve("/here", .redirect(to: "/image"))
        origin.serve("/image", .pattern(size: size).etag("\"v1\""))
        let fetched = try await source(for: origin).fetch(
            origin.url("/here"), resume: ResumePoint(offset: 5, validator: "\"v1\""))
        #expect(fetched.offset == 5)
        #expect(fetched.facts.url == origin.url("/here"))
    }

    @Test("A changed object, or a server without ranges, starts again at 0")
    func startsAgain() async throws {
        let origin = try Origin()
        origin.serve("/changed", .pattern(size: size).etag("\"v2\""))
        origin.serve("/plain", .pattern(size: size).etag("\"v1\"").withoutRanges())
        for path in ["/changed", "/plain"] {
            let fetched = try await source(for: origin).fetch(
                origin.url(path), expecting: PatternBytes(size: size),
                resume: ResumePoint(offset: 100_000, validator: "\"v1\""))
            #expect(fetched.offset == 0)
            #expect(fetched.count == size)
            #expect(fetched.isRight)
        }
    }

    @Test("Without a strong validator no range is asked for", arguments: [nil, "", "W/\"v1\""] as [String?])
    func noStrongValidator(validator: String?) async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: size).etag("W/\"v1\""))
        let fetched = try await source(for: origin).fetch(
            origin.url("/image"), resume: ResumePoint(offset: 100_000, validator: validator))
        #expect(fetched.offset == 0)
        #expect(await origin.requests(for: "/image").first?["range"] == nil)
    }

    @Test("An unproven point asks for a range without a condition")
    func unproven() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: size).etag("W/\"v1\""))
        let fetched = try await source(for: origin).fetch(
            origin.url("/image"), expecting: PatternBytes(size: size),
            resume: ResumePoint(offset: 100_000, validator: nil, isUnproven: true))
        #expect(fetched.offset == 100_000 && fetched.isRight)
        let seen = await origin.requests(for: "/image").first
        #expect(seen?["range"] == "bytes=100000-" && seen?["if-range"] == nil)
    }

    @Test("All bytes there already is an empty rest; more bytes than there are is a changed object")
    func atAndBehindTheEnd() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: size).etag("\"v1\""))
        let source = try source(for: origin)
        let point = ResumePoint(offset: size, validator: "\"v1\"")
        let fetched = try await source.fetch(origin.url("/image"), resume: point)
        #expect(fetched.offset == size)
        #expect(fetched.count == 0)
        #expect(fetched.facts.size == size)
        let behind = ResumePoint(offset: size + 1, validator: "\"v1\"")
        #expect(try await source.failure(origin.url("/image"), resume: behind)?.code == .sourceChanged)
    }

    @Test("A range that was not asked for is refused")
    func wrongRange() async throws {
        let origin = try Origin()
        let answer = OriginAnswer.pattern(size: size).etag("\"v1\"")
        origin.serve("/other", answer.claimingRange("bytes 0-9/300000"))
        origin.serve("/short", answer.claimingRange("bytes 100-200/201"))
        origin.serve("/nonsense", answer.claimingRange("bytes 100"))
        let source = try source(for: origin)
        let point = ResumePoint(offset: 100, validator: "\"v1\"")
        for path in ["/other", "/short", "/nonsense"] {
            #expect(try await source.failure(origin.url(path), resume: point)?.code == .sourceUnavailable, "\(path)")
        }
    }

    @Test("The limit counts the bytes that are there already")
    func limitCountsAll() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: size).etag("\"v1\""))
        let point = ResumePoint(offset: 100_000, validator: "\"v1\"")
        let source = try source(for: origin)
        #expect(try await source.failure(origin.url("/image"), resume: point, limit: size - 1)?.code == .sizeLimit)
        #expect(try await source.failure(origin.url("/image"), resume: point, limit: size) == nil)
    }

    @Test(
        "Content-Range is read strictly",
        arguments: [
            ("bytes 5-9/10", 5, 10), ("BYTES 0-0/1", 0, 1), ("bytes 5-9/*", 5, nil), ("bytes */10", nil, 10),
        ] as [(String, Int64?, Int64?)])
    func contentRange(text: String, start: Int64?, total: Int64?) throws {
        let range = try #require(ContentRange(text))
        #expect(range.start == start)
        #expect(range.total == total)
    }

    @Test(
        "What is no Content-Range is none",
        arguments: [
            "", "bytes", "bytes 5", "bytes 9-5/10", "bytes 5-10/10", "bytes -5/10", "bytes 5-/10", "items 1-2/3",
            "bytes 5-9", "bytes +5-9/10", "bytes 5-9/99999999999999999999", "bytes 1-2/3/4", "bytes 1-2-3/4",
        ])
    func noContentRange(text: String) {
        #expect(ContentRange(text) == nil)
    }

    @Test("The strong validator is a strong tag, else the date once it has settled")
    func strongValidator() {
        #expect(SourceFacts(url: "", etag: "\"a\"", lastModified: "b", hasSettledDate: true).strongValidator == "\"a\"")
        #expect(SourceFacts(url: "", etag: "W/\"a\"", lastModified: "b", hasSettledDate: true).strongValidator == "b")
        #expect(SourceFacts(url: "", etag: "W/\"a\"", lastModified: "b").strongValidator == nil)
        #expect(SourceFacts(url: "", etag: "W/\"a\"").strongValidator == nil)
    }

    @Test(
        "A date proves bytes when it lies a second before the answer's own: until then they can be written again under it",
        arguments: [
            ("Sat, 21 Nov 2026 23:59:59 GMT", "Sun, 22 Nov 2026 00:00:00 GMT", true),
            ("Sun, 22 Nov 2026 00:00:00 GMT", "Sun, 22 Nov 2026 00:00:00 GMT", false),
            ("Sun, 22 Nov 2026 00:00:01 GMT", "Sun, 22 Nov 2026 00:00:00 GMT", false),
            ("Sat, 21 Nov 2026 23:59:59 GMT", "now", false), ("yesterday", "Sun, 22 Nov 2026 00:00:00 GMT", false),
        ])
    func settledDate(modified: String, answered: String, isProof: Bool) async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 10).lastModified(modified, now: answered))
        let facts = try await source(for: origin).fetch(origin.url("/image")).facts
        #expect(facts.lastModified == modified)
        #expect(facts.strongValidator == (isProof ? modified : nil))
    }

    @Test("A date in an answer without one of its own proves nothing")
    func undatedAnswer() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 10).field("Last-Modified", "Sat, 01 Jan 2022 00:00:00 GMT"))
        #expect(try await source(for: origin).fetch(origin.url("/image")).facts.strongValidator == nil)
    }
}
