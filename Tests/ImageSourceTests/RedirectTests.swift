import ImageModel
import TestSupport
import Testing

@testable import ImageSource

@Suite("Redirects", .timeLimit(.minutes(10)))
struct RedirectTests {
    @Test("A redirect is followed, whatever its status and the form of its URL", arguments: [301, 302, 303, 307, 308])
    func followed(status: Int) async throws {
        let origin = try Origin()
        origin.serve("/a/here", .redirect(to: "../b/there?x=1", status: status))
        origin.serve("/b/there", .redirect(to: origin.url("/c#part"), status: status))
        origin.serve("/c", .redirect(to: "//127.0.0.1:\(origin.port)/image", status: status))
        origin.serve("/image", .pattern(size: 1_000))
        let fetched = try await source(for: origin).fetch(origin.url("/a/here"), expecting: PatternBytes(size: 1_000))
        #expect(fetched.isRight)
        #expect(fetched.facts.url == origin.url("/a/here"))
        #expect(await origin.requests(for: "/b/there").first?.query == "x=1")
    }

    @Test("As many redirects as allowed are followed, and not one more")
    func count() async throws {
        let origin = try Origin()
        for hop in 1...6 { origin.serve("/\(hop)", .redirect(to: "/\(hop - 1)")) }
        origin.serve("/0", .pattern(size: 10))
        origin.serve("/loop", .redirect(to: "/loop"))
        let source = try source(for: origin)
        #expect(try await source.failure(origin.url("/5")) == nil)
        #expect(try await source.failure(origin.url("/6"))?.code == .sourceRedirect)
        #expect(try await source.failure(origin.url("/loop"))?.code == .sourceRedirect)
        #expect(origin.journal.entries.requests(for: "/loop").count == 6)
        #expect(
            try await HTTPImageSource(policy: .loopback(origin.rule) { $0.redirects = 0 })
                .failure(origin.url("/1"))?.code == .sourceRedirect)
    }

    @Test(
        "A redirect is judged like a first URL",
        arguments: [
            "ftp://127.0.0.1/image", "file:///etc/hostname", "http://127.0.0.2:1/image", "http://[::1]:1/image",
            "http://user@127.0.0.1:1/image", "http://a b/", "gopher://127.0.0.1:1/",
        ])
    func judged(location: String) async throws {
        let origin = try Origin()
        origin.serve("/image", .redirect(to: location))
        let error = try #require(try await source(for: origin).failure(origin.url("/image")))
        #expect([.sourceDenied, .sourceRedirect].contains(error.code), "\(error)")
        #expect(!error.isTransient)
    }

    @Test("A redirect to a port that is not allowed is refused without a connection")
    func otherPort() async throws {
        let origin = try Origin()
        let other = try Origin()
        origin.serve("/image", .redirect(to: other.url("/image")))
        other.serve("/image", .pattern(size: 10))
        #expect(try await source(for: origin).failure(origin.url("/image"))?.code == .sourceDenied)
        #expect(other.journal.entries.accepted == 0)
        let both = try HTTPImageSource(policy: .loopback(origin.rule, other.rule))
        #expect(try await both.failure(origin.url("/image")) == nil)
    }

    @Test("A credential goes to URLs below its prefixes and to no other")
    func credential() async throws {
        let origin = try Origin()
        let other = try Origin()
        origin.serve("/bucket/a", .redirect(to: "/bucket/b"))
        origin.serve("/bucket/b", .redirect(to: "/bucketeer"))
        origin.serve("/bucketeer", .redirect(to: other.url("/bucket/image")))
        other.serve("/bucket/image", .pattern(size: 10))
        let credential = try #require(
            FetchCredential(field: "Authorization", value: "Bearer hunter2", urls: [origin.url("/bucket")]))
        #expect(!"\(credential) \(String(reflecting: credential))".contains("hunter2"))
        let source = try HTTPImageSource(policy: .loopback(origin.rule, other.rule))
        let request = FetchRequest(url: origin.url("/bucket/a"), sizeLimit: 10, credential: credential)
        try await source.withSource(request) { _ in }
        #expect(await origin.requests(for: "/bucket/a").first?["authorization"] == "Bearer hunter2")
        #expect(await origin.requests(for: "/bucket/b").first?["authorization"] == "Bearer hunter2")
        #expect(await origin.requests(for: "/bucketeer").first?["authorization"] == nil)
        #expect(await other.requests(for: "/bucket/image").first?["authorization"] == nil)
        #expect(FetchCredential(field: "A\r\nB", value: "x", urls: []) == nil)
        #expect(FetchCredential(field: "A", value: "x\r\nB: c", urls: []) == nil)
        #expect(FetchCredential(field: "A", value: "x", urls: ["no url"]) == nil)
    }

    @Test(
        "A credential goes to no URL that only looks as if it lay below a prefix",
        arguments: [
            ("https://h.example/b/", "https://h.example/b/x", true),
            ("https://h.example/b", "https://h.example/b", true),
            ("https://h.example/b", "https://H.example.:443/b/x", true),
            ("https://h.example", "https://h.example/", true),
            ("https://h.example/b", "https://h.example/bx", false),
            ("https://h.example/b", "http://h.example/b", false),
            ("https://h.example/b", "https://h.example:444/b", false),
            ("https://h.example/b", "https://h.example.evil.example/b", false),
            ("https://h.example/b", "https://x.h.example/b", false),
            ("https://h.example/b/", "https://h.example/b", false),
            ("https://h.example/b", "https://h.example/b/../c", false),
            ("https://h.example/b", "https://h.example/b/%2e%2e/c", false),
            ("https://h.example/b", "https://h.example/b/%252E./c", false),
            ("https://h.example/b", "https://h.example/b/..;x/c", false),
            ("https://h.example/b", "https://h.example/b/..%2fc", false),
            ("https://h.example/b", "https://h.example/b/x%5c..%5cc", false),
            ("https://h.example/b", "https://h.example/B/x", false),
        ])
    func prefixes(prefix: String, url: String, isCovered: Bool) throws {
        let credential = try #require(FetchCredential(field: "X-Key", value: "hunter2", urls: [prefix]))
        #expect((credential.line(for: try FetchTarget(url: url, query: nil)) != nil) == isCovered)
    }
}
