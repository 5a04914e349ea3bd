import ImageModel
import Testing

@testable import ImageSource

@Suite("URLs")
struct FetchTargetTests {
    @Test(
        "A URL is taken apart once",
        arguments: [
            ("http://example.com/a", "http", "example.com", 80),
            ("HTTPS://EXAMPLE.com./a", "https", "example.com", 443),
            ("http://example.com:8080", "http", "example.com", 8_080), ("http://127.0.0.1/", "http", "127.0.0.1", 80),
            ("http://example.com:80?", "http", "example.com", 80), ("http://1.example", "http", "1.example", 80),
            ("http://[::1]/", "http", "::1", 80), ("http://[::ffff:127.0.0.1]/", "http", "::ffff:127.0.0.1", 80),
            ("http://xn--bcher-kva.example/\u{FC}", "http", "xn--bcher-kva.example", 80),
        ] as [(String, String, String, UInt16)])
    func parts(url: String, scheme: String, host: String, port: UInt16) throws {
        let target = try FetchTarget(url: url, query: nil)
        #expect(target.scheme == scheme)
        #expect(target.host == host || IPAddress(target.host) == IPAddress(host) && IPAddress(host) != nil)
        #expect(target.port == port)
    }

    @Test(
        "What is no URL this source could fetch is refused",
        arguments: [
            "", "example.com", "/image", "http://", "http:///", "http://user@h/", "http://user:secret@h/",
            "http://h:0/",
            "http://h:65536/", "http://h/a b", "http://h/a\r\nHost: x", "http://h/\u{0}", "http://a..b/",
            "http://a%00b/", "http://a%2fb/", "http://[::1/", "http://[fe80::1%25eth0;x]/", "javascript:alert(1)",
            "http://b\u{FC}cher.example/", "http://[fe80::1%25eth0]/",
            "http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/", "http://0177.0.0.01/", "http://127.0.0.1./",
            "http://%31%32%37.0.0.1/", "http://h%2Eexample/", "http://h:/", "http://h:080/", "http:/h/", "http:///h/",
            "http://h\\@i/", "http://h/\\", "http://1.2.3.4.5/", "http://h.0x1/", "http://[::1/", "http://[::1]80/",
            "http://h_\u{7F}/", "http://" + String(repeating: "a", count: 9_000),
        ])
    func refused(url: String) {
        #expect(throws: SourceError(.sourceDenied, "")) { _ = try FetchTarget(url: url, query: nil) }
    }

    @Test("A query goes to the wire and nowhere else, a fragment nowhere")
    func query() throws {
        let target = try FetchTarget(url: "http://h/a#part", query: "sig=hunter2")
        #expect(target.wireText == "http://h/a?sig=hunter2")
        #expect(target.description == "http://h/a")
        #expect(!String(reflecting: target).contains("hunter2"))
        #expect(throws: SourceError.self) { _ = try FetchTarget(url: "http://h/a", query: "x\r\nHost: y") }
    }

    @Test(
        "An IPv6 address has one spelling, in what is judged and in what is sent",
        arguments: ["[2001:DB8::1]", "[2001:db8:0:0:0:0:0:1]", "[2001:0db8::0001]:80"])
    func spelling(_ authority: String) throws {
        let target = try FetchTarget(url: "http://\(authority)/a", query: nil)
        #expect(target.host == "2001:db8::1")
        #expect(
            target.description == (authority.hasSuffix("80") ? "http://[2001:db8::1]:80/a" : "http://[2001:db8::1]/a"))
    }

    @Test("A query that was kept apart is a query to its end, whatever characters it holds")
    func wholeQuery() throws {
        let target = try FetchTarget(url: "http://h/a", query: "a=1#/x?b\\c#")
        #expect(target.wireText.lowercased() == "http://h/a?a=1%23/x?b%5cc%23")
        #expect(try FetchTarget(url: target.wireText, query: nil).wireText == target.wireText)
        #expect(target.description == "http://h/a")
    }
}
