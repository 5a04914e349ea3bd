import Foundation
import Synchronization
import TestSupport
import Testing
import Worker

@Suite("The service manager's socket", .timeLimit(.minutes(2)))
struct NotifySocketTests {
    /// What comes out of a socket of this name when `notices` are sent to it.
    private func heard(at path: String, _ notices: [ServiceNotice]) async throws -> String? {
        let (datagrams, continuation) = AsyncStream<String>.makeStream()
        let listener = try DatagramListener(path) { continuation.yield($0) }
        defer { listener.close() }
        let socket = try #require(try NotifySocket(environment: ["NOTIFY_SOCKET": path]))
        #expect(socket.send(notices))
        return await datagrams.first { _ in true }
    }

    @Test("hears all notices in one datagram, by path and by abstract name")
    func datagram() async throws {
        let name = "longshore-\(UUID().uuidString.prefix(8))"
        for path in ["/tmp/\(name)", "@\(name)"] {
            let text = try await heard(
                at: path, [.ready, .status("two\nlines"), .watchdog, .stopping, .extendTimeout(.milliseconds(1_500))])
            #expect(text == "READY=1\nSTATUS=two lines\nWATCHDOG=1\nSTOPPING=1\nEXTEND_TIMEOUT_USEC=1500000")
        }
    }

    @Test("that nobody listens on is told of, and holds nobody up")
    func nobody() throws {
        let path = "@longshore-\(UUID().uuidString.prefix(8))"
        let socket = try #require(try NotifySocket(environment: ["NOTIFY_SOCKET": path]))
        #expect(!socket.send([.ready]))
    }

    @Test("is none where none is named, and refused where what is named is none")
    func names() throws {
        #expect(try NotifySocket(environment: [:]) == nil)
        #expect(try NotifySocket(environment: ["NOTIFY_SOCKET": ""]) == nil)
        for name in ["vsock:2:1234", "relative", "/" + String(repeating: "n", count: 108)] {
            #expect(throws: NotifySocket.Unusable.self, "\(name)") {
                _ = try NotifySocket(environment: ["NOTIFY_SOCKET": name])
            }
        }
    }

    @Test("wants to hear of the process that it watches, and of no other")
    func watchdog() throws {
        func interval(_ environment: [String: String]) throws -> Duration? {
            try NotifySocket(environment: environment.merging(["NOTIFY_SOCKET": "@n"]) { $1 })?.watchdog
        }
        #expect(try interval(["WATCHDOG_USEC": "3000000"]) == .seconds(3))
        #expect(try interval(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"]) == .seconds(3))
        #expect(try interval(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"]) == nil)
        #expect(try interval(["WATCHDOG_USEC": "0"]) == nil)
        #expect(try interval([:]) == nil)
    }
}
