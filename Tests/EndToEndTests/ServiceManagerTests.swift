import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("A worker under a service manager", .needsBroker, .timeLimit(.minutes(10)))
struct ServiceManagerTests {
    /// What a manager hears of a worker, one entry for each assignment.
    private func withManager(
        _ body: (_ environment: [String: String], Journal<String>) async throws -> Void
    ) async throws {
        let heard = Journal<String>()
        let name = "@longshore-\(UUID().uuidString.prefix(8))"
        let listener = try DatagramListener(name) { datagram in
            for assignment in datagram.split(separator: "\n") { heard.append(String(assignment)) }
        }
        defer { listener.close() }
        try await body(["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "2000000"], heard)
    }

    @Test("says when it is ready, that it is alive, and that it drains until its job is done")
    func life() async throws {
        try await withManager { environment, heard in
            try await withSite(["worker.drain": "10m"]) { site in
                let gate = Gate()
                site.origin.serve("/held", .pattern(size: 50_000).holding(after: 1_000, until: gate))
                let worker = try site.start(["worker"], environment: environment)
                try await heard.wait(for: "a ready worker") { $0.contains("READY=1") }
                try await heard.wait(for: "a worker that is alive") { $0.count { $0 == "WATCHDOG=1" } >= 3 }
                try await site.publish(site.importJob("job-1", path: "/held"))
                await site.origin.journal.wait { $0.held["/held"] == 1 }
                #expect(!heard.entries.contains("STOPPING=1"))
                worker.signal(SIGTERM)
                try await heard.wait(for: "a draining worker") { $0.contains("STOPPING=1") }
                let before = heard.entries.count
                try await heard.wait(for: "more time") { heard in
                    let since = heard.dropFirst(before)
                    return since.contains("EXTEND_TIMEOUT_USEC=30000000") && since.contains("WATCHDOG=1")
                }
                gate.open()
                #expect(try await worker.waitForEnd() == .exited(0))
                #expect(try await site.end(of: "job-1").phase == "completed")
                #expect(heard.entries.count { $0 == "READY=1" } == 1)
            }
        }
    }

    @Test("asks for time while its broker is away, and is ready when it has come back")
    func brokerAway() async throws {
        try await withManager { environment, heard in
            let node = try await BrokerNode.start()
            try await withSite(["worker.start_timeout": "10m"], broker: node.url) { site in
                try await node.halt()
                let worker = try site.start(["worker"], environment: environment)
                try await worker.errors.wait(for: "a worker that waits") { lines in
                    lines.contains { $0.contains("Not ready yet") }
                }
                try await heard.wait(for: "more time") { $0.contains("EXTEND_TIMEOUT_USEC=30000000") }
                #expect(!heard.entries.contains("READY=1"))
                try await node.resume()
                try await heard.wait(for: "a ready worker") { $0.contains("READY=1") }
                try await site.stop(worker)
                #expect(heard.entries.contains("STOPPING=1"))
            }
            try await node.end()
        }
    }

    @Test("A manager that listens on no Unix socket is a wrong environment, and named")
    func strangeSocket() async throws {
        try await withSite { site in
            let worker = try site.start(["worker"], environment: ["NOTIFY_SOCKET": "vsock:2:9999"])
            #expect(try await worker.waitForEnd() == .exited(2))
            #expect(worker.errors.entries.joined().contains("NOTIFY_SOCKET"))
        }
    }
}
