import ImageModel
import ImageSource
import TestSupport
import Testing

@Suite("Failures of a source", .timeLimit(.minutes(10)))
struct FailureTests {
    @Test(
        "A status becomes a code, and says whether to come again",
        arguments: [
            (404, FailureCode.sourceNotFound, false), (410, .sourceNotFound, false),
            (401, .sourceUnauthorized, false), (403, .sourceUnauthorized, false),
            (408, .sourceUnavailable, true), (429, .sourceUnavailable, true), (500, .sourceUnavailable, true),
            (502, .sourceUnavailable, true), (503, .sourceUnavailable, true), (400, .sourceUnavailable, false),
            (418, .sourceUnavailable, false), (204, .sourceUnavailable, false), (206, .sourceUnavailable, false),
            (304, .sourceRedirect, false), (300, .sourceRedirect, false), (302, .sourceRedirect, false),
        ])
    func statusMapping(status: Int, code: FailureCode, isTransient: Bool) async throws {
        let origin = try Origin()
        origin.serve("/image", .status(status))
        let error = try #require(try await source(for: origin).failure(origin.url("/image")))
        #expect(error.code == code)
        #expect(error.isTransient == isTransient)
        #expect(error.message.contains("\(status)"))
    }

    @Test("The wait a server asks for is passed on, in seconds and as a date, within a day")
    func retryAfter() async throws {
        let origin = try Origin()
        let dated = OriginAnswer.status(503).field("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
        origin.serve(
            "/image", .status(429).retryAfter("7"), dated.retryAfter("Sun, 06 Nov 1994 08:50:37 GMT"),
            dated.retryAfter("Sun, 06 Nov 1994 08:00:00 GMT"), .status(503).retryAfter("99999999"),
            .status(503).retryAfter("99999999999999999999999"), .status(503).retryAfter("soon"))
        let source = try source(for: origin)
        let day = Duration.seconds(86_400)
        for wait in [.seconds(7), .seconds(60), .zero, day, day, nil] as [Duration?] {
            let error = try await source.failure(origin.url("/image"))
            #expect(error?.code == .sourceUnavailable)
            #expect(error?.retryAfter == wait)
        }
    }

    @Test("A flaky source works when asked often enough")
    func flaky() async throws {
        let origin = try Origin()
        origin.serve("/image", .status(503), .status(503), .status(503), .pattern(size: 10))
        let source = try source(for: origin)
        for _ in 1...3 { #expect(try await source.failure(origin.url("/image"))?.isTransient == true) }
        #expect(try await source.fetch(origin.url("/image")).count == 10)
    }

    @Test("A body that ends too early is truncated, whether counted or chunked")
    func truncated() async throws {
        let origin = try Origin()
        origin.serve("/short", .pattern(size: 100_000).declaring(length: 100_001))
        origin.serve("/cut", .pattern(size: 100_000).hangingUp(after: 50_000))
        origin.serve("/chunked", .pattern(size: 100_000).chunked().hangingUp(after: 50_000))
        let source = try source(for: origin)
        for path in ["/short", "/cut", "/chunked"] {
            let error = try await source.failure(origin.url(path))
            #expect(error?.code == .sourceTruncated, "\(path): \(String(describing: error))")
            #expect(error?.isTransient == true)
        }
    }

    @Test("Bytes beyond the declared length are not taken")
    func longerThanDeclared() async throws {
        let origin = try Origin()
        origin.serve("/long", .pattern(size: 100_000).declaring(length: 99_999))
        let fetched = try await source(for: origin).fetch(origin.url("/long"), expecting: PatternBytes(size: 100_000))
        #expect(fetched.count == 99_999)
        #expect(fetched.isRight)
    }

    @Test("Full chunks before a reset are handed out before the error is thrown")
    func reset() async throws {
        let origin = try Origin()
        let gate = Gate()
        origin.serve(
            "/image", .pattern(size: 1 << 20).holding(after: 200_000, until: gate).resetting(after: 200_000))
        var count: Int64 = 0
        do {
            count = try await source(for: origin).withSource(
                FetchRequest(url: origin.url("/image"), sizeLimit: 1 << 20)
            ) { source in
                for _ in 1...3 { #expect(try await source.nextChunk()?.count == 65_536) }
                gate.open()
                while let chunk = try await source.nextChunk() { Issue.record("\(chunk.count) bytes more") }
                return source.offset
            }
            Issue.record("the reset went unnoticed")
        } catch let error as SourceError {
            #expect(error.code == .sourceUnavailable)
            #expect(error.isTransient)
        }
        #expect(count == 0)
    }

    @Test(
        "What is no HTTP is an unavailable source",
        arguments: [
            "", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        ])
    func nonsense(head: String) async throws {
        let origin = try Origin()
        origin.serve("/image", .raw(head))
        #expect(try await source(for: origin).failure(origin.url("/image"))?.code == .sourceUnavailable)
    }

    @Test("A head without end is cut off")
    func endlessHead() async throws {
        let origin = try Origin()
        let line = "X-Long: " + String(repeating: "a", count: 1_000) + "\r\n"
        origin.serve("/image", .raw("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 100)))
        let error = try await source(for: origin).failure(origin.url("/image"))
        #expect(error?.code == .sourceUnavailable)
        #expect(error?.message.contains("head over") == true)
    }

    @Test("A name that does not exist and a port where nobody listens may come to life later")
    func unreachable() async throws {
        // Kept, so that nobody else listens there meanwhile.
        let closed = try Proxy(to: 9, framed: false)
        defer { withExtendedLifetime(closed) {} }
        await closed.set(.refusing)
        let source = try HTTPImageSource(policy: .loopback("127.0.0.1:\(closed.port)", "*.invalid"))
        for url in ["http://127.0.0.1:\(closed.port)/", "http://nowhere.invalid/"] {
            let error = try await source.failure(url)
            #expect(error?.code == .sourceUnavailable)
            #expect(error?.isTransient == true)
        }
    }

    @Test("No secret of the URL is told in any error")
    func secretsStayHidden() async throws {
        let origin = try Origin()
        origin.serve("/a", .redirect(to: "/b?token=hunter2", status: 307))
        origin.serve("/b", .status(404))
        let source = try source(for: origin)
        let request = FetchRequest(url: origin.url("/a"), query: "sig=hunter2", sizeLimit: 10)
        let error = await #expect(throws: SourceError.self) { try await source.withSource(request) { _ in } }
        #expect(error?.code == .sourceNotFound)
        #expect(error.map { String(reflecting: $0).contains("hunter2") } == false)
        #expect(!String(reflecting: request).contains("hunter2"))
        #expect(!"\(request)".contains("hunter2"))
        #expect(await origin.requests(for: "/b").first?.query == "token=hunter2")
    }
}
