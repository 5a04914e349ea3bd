import ImageModel
import TestSupport
import Testing

@testable import ImageSource

@Suite("Bounds on what a source sends", .timeLimit(.minutes(10)))
struct BoundsTests {
    @Test(
        "A head is cut off at its limit, whatever it is made of",
        arguments: [
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 90_000) + "\r\n\r\n",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 20_000) + "\r\n",
            String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", count: 4_000) + "HTTP/1.1 200 OK\r\n\r\n",
        ])
    func head(text: String) async throws {
        let origin = try Origin()
        origin.serve("/image", .raw(text))
        let error = try await source(for: origin).failure(origin.url("/image"))
        #expect(error?.code == .sourceUnavailable, "\(String(describing: error))")
        #expect((error?.message.utf8.count ?? 0) < 1_000)
    }

    @Test("A Location that is too long, or has control characters, leads nowhere")
    func location() async throws {
        let origin = try Origin()
        origin.serve("/long", .redirect(to: "/" + String(repeating: "a", count: 9_000)))
        origin.serve("/tab", .redirect(to: "/a\tb"))
        let source = try source(for: origin)
        for path in ["/long", "/tab"] {
            let error = try await source.failure(origin.url(path))
            #expect(error?.code == .sourceRedirect)
            #expect((error?.message.utf8.count ?? 0) < 1_000)
        }
        #expect(origin.journal.entries.requests.count == 2)
    }

    @Test("What a message repeats of a server's words is short and printable")
    func words() async throws {
        let origin = try Origin()
        let coding = "\u{1B}[2Jevil" + String(repeating: "\u{301}", count: 2_000)
        origin.serve("/image", .pattern(size: 10).field("Content-Encoding", coding))
        let error = try await source(for: origin).failure(origin.url("/image"))
        let message = try #require(error?.message)
        #expect(message.utf8.count < 300)
        #expect(message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }

    @Test("An entity tag that is longer than any honest one is not remembered")
    func entityTag() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 10).etag("\"" + String(repeating: "e", count: 5_000) + "\""))
        #expect(try await source(for: origin).fetch(origin.url("/image")).facts.etag == nil)
    }
}
