import ImageModel
import ImageSource
import TestSupport
import Testing

@Suite("Bodies", .timeLimit(.minutes(10)))
struct BodyTests {
    @Test(
        "A body arrives whole and in order, whatever its length is",
        arguments: [0, 1, 4_095, 65_535, 65_536, 65_537, 131_072, 1 << 20, (3 << 20) + 17] as [Int64])
    func bodyArrivesWhole(size: Int64) async throws {
        let origin = try Origin()
        let answer = OriginAnswer.pattern(size: size, seed: UInt64(size)).etag("\"v1\"").lastModified("yesterday")
        origin.serve("/image", answer)
        let fetched = try await source(for: origin).fetch(
            origin.url("/image"), expecting: PatternBytes(size: size, seed: UInt64(size)))
        #expect(fetched.count == size)
        #expect(fetched.isRight)
        #expect(fetched.offset == 0)
        #expect(fetched.facts.size == size)
        #expect(fetched.facts.etag == "\"v1\"")
        #expect(fetched.facts.lastModified == "yesterday")
        #expect(fetched.facts.url == origin.url("/image"))
    }

    @Test("Every chunk but the last is full")
    func chunksAreFull() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 200_000).trickling(bytes: 30_001, milliseconds: 1))
        let counts = try await source(for: origin).withSource(
            FetchRequest(url: origin.url("/image"), sizeLimit: 1 << 20)
        ) { source in
            var counts: [Int] = []
            while let chunk = try await source.nextChunk() { counts.append(chunk.count) }
            return counts
        }
        #expect(counts == [65_536, 65_536, 65_536, 3_392])
    }

    @Test("A chunked body has no size until it is read, and comes whole")
    func chunkedBody() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 300_000).chunked())
        let fetched = try await source(for: origin).fetch(
            origin.url("/image"), expecting: PatternBytes(size: 300_000))
        #expect(fetched.count == 300_000)
        #expect(fetched.isRight)
        #expect(fetched.facts.size == nil)
    }

    @Test("A body that ends with its connection is taken as it comes")
    func bodyUntilClose() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 300_000).untilClose())
        let fetched = try await source(for: origin).fetch(
            origin.url("/image"), expecting: PatternBytes(size: 300_000))
        #expect(fetched.count == 300_000)
        #expect(fetched.facts.size == nil)
    }

    @Test("A request asks for the identity coding, carries the query, and no credentials or cookies")
    func requestFields() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 10).field("Set-Cookie", "a=b"))
        let source = try source(for: origin)
        let request = FetchRequest(url: origin.url("/image"), query: "sig=a%20b&x=1", sizeLimit: 100)
        for _ in 1...2 { try await source.withSource(request) { source in #expect(source.facts.url == request.url) } }
        let seen = await origin.requests(for: "/image", atLeast: 2)
        for one in seen {
            #expect(one.query == "sig=a%20b&x=1")
            #expect(one["accept-encoding"] == "identity")
            #expect(one["user-agent"] == "longshore")
            #expect(one["cookie"] == nil)
            #expect(one["authorization"] == nil)
            #expect(one["range"] == nil)
        }
    }

    @Test("A body longer than the limit is refused before it is read, or as soon as it is")
    func sizeLimit() async throws {
        let origin = try Origin()
        origin.serve("/declared", .pattern(size: 100_001))
        origin.serve("/chunked", .pattern(size: 100_001).chunked())
        origin.serve("/exact", .pattern(size: 100_000).chunked())
        let source = try source(for: origin)
        for path in ["/declared", "/chunked"] {
            let error = try await source.failure(origin.url(path), limit: 100_000)
            #expect(error?.code == .sizeLimit, "\(path)")
            #expect(error?.isTransient == false)
        }
        #expect(try await source.fetch(origin.url("/exact"), limit: 100_000).count == 100_000)
    }

    @Test("A body in a coding that tells itself apart goes through as it is; another is refused")
    func contentCodings() async throws {
        let origin = try Origin()
        origin.serve("/gzip", .pattern(size: 5_000).field("Content-Encoding", "gzip"))
        origin.serve("/br", .pattern(size: 5_000).field("Content-Encoding", "br"))
        let source = try source(for: origin)
        let fetched = try await source.fetch(origin.url("/gzip"), expecting: PatternBytes(size: 5_000))
        #expect(fetched.isRight && fetched.count == 5_000)
        let error = try await source.failure(origin.url("/br"))
        #expect(error?.code == .sourceUnavailable)
        #expect(error?.isTransient == false)
    }

    @Test("Sixty-four transfers run at once over one thread")
    func manyTransfers() async throws {
        let origin = try Origin()
        let source = try source(for: origin) { $0.chunkLimit = 2 }
        for index in 0..<64 { origin.serve("/\(index)", .pattern(size: 500_000, seed: UInt64(index))) }
        try await withThrowingTaskGroup { group in
            for index in 0..<64 {
                group.addTask {
                    try await source.fetch(
                        origin.url("/\(index)"), expecting: PatternBytes(size: 500_000, seed: UInt64(index)))
                }
            }
            for try await fetched in group {
                #expect(fetched.isRight)
                #expect(fetched.count == 500_000)
            }
        }
    }
}
