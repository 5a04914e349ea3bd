import Foundation
import TestSupport
import Testing

/// The faulty network is an instrument: what it claims to do it must do.
@Suite("The faulty network itself", .timeLimit(.minutes(10)))
struct ProxyTests {
    @Test("It passes everything, however it slices, and counts it")
    func passes() async throws {
        let origin = try Origin()
        origin.serve("/a", .pattern(size: 300_000))
        let proxy = try Proxy(to: origin.port, framed: false)
        #expect(try await fetch(proxy, "/a").body == PatternBytes(size: 300_000).all)
        await proxy.set(.sliced)
        origin.serve("/b", .pattern(size: 20_000))
        #expect(try await fetch(proxy, "/b").body == PatternBytes(size: 20_000).all)
        let traffic = proxy.traffic.value
        #expect(traffic.accepted == 2 && traffic.bytesToClient > 320_000 && traffic.sprung == 0)
    }

    @Test("It cuts after so many bytes, once, and what follows passes")
    func cuts() async throws {
        let origin = try Origin()
        origin.serve("/a", .pattern(size: 300_000))
        let proxy = try Proxy(to: origin.port, framed: false)
        await proxy.arm(.cut(after: 100_000, .toClient))
        let first = try await fetch(proxy, "/a")
        #expect(first.failure != 0 && first.body.count < 100_000)
        #expect(proxy.traffic.value.sprung == 1)
        #expect(try await fetch(proxy, "/a").body.count == 300_000)
    }

    @Test("A refusing port refuses, keeps its number, and lets in again")
    func refuses() async throws {
        let origin = try Origin()
        origin.serve("/a", .pattern(size: 10))
        let proxy = try Proxy(to: origin.port, framed: false)
        await proxy.set(.refusing)
        #expect(try await fetch(proxy, "/a").failure == 7, "curl's number for a refused connection")
        await proxy.set(.clear)
        #expect(try await fetch(proxy, "/a").body.count == 10)
    }

    @Test("What is lost one way still passes the other way, and goes on when the link is mended")
    func halfOpen() async throws {
        let origin = try Origin()
        origin.serve("/a", .pattern(size: 10_000))
        let proxy = try Proxy(to: origin.port, framed: false)
        await proxy.set(.silent(.toClient))
        async let fetched = fetch(proxy, "/a")
        _ = await origin.requests(for: "/a")
        #expect(proxy.traffic.value.bytesToClient == 0)
        await proxy.set(.clear)
        #expect(try await fetched.body.count == 10_000)
    }

    @Test("A narrow link takes its time, and a long one too")
    func slow() async throws {
        let origin = try Origin()
        origin.serve("/a", .pattern(size: 10_000))
        let proxy = try Proxy(to: origin.port, framed: false)
        let start = ContinuousClock.now
        await proxy.set(.slow(bytesPerSecond: 10_000))
        #expect(try await fetch(proxy, "/a").body.count == 10_000)
        let middle = ContinuousClock.now
        #expect(start.duration(to: middle) > .milliseconds(800))
        await proxy.set(.distant(.milliseconds(300)))
        #expect(try await fetch(proxy, "/a").body.count == 10_000)
        #expect(middle.duration(to: .now) > .milliseconds(600))
    }

    /// - Returns: What came, and curl's number for what went wrong.
    private func fetch(_ proxy: Proxy, _ path: String) async throws -> (body: [UInt8], failure: Int32) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("proxy-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let program = try Program(
            "/usr/bin/curl", ["-s", "-o", file.path, "http://127.0.0.1:\(proxy.port)\(path)"],
            environment: ["PATH": "/usr/bin:/bin"])
        guard case .exited(let code) = try await program.waitForEnd() else { return ([], -1) }
        return (Array((try? Data(contentsOf: file)) ?? Data()), code)
    }
}
