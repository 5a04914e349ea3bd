import Foundation
import TestSupport
import Testing

@Suite("Chaos", .needsBrokerControl, .timeLimit(.minutes(120)))
struct ChaosTests {
    @Test("Workers that are killed every second lose nothing, double nothing, leave nothing and tell no lies")
    func chaos() async throws {
        let plan = ChaosPlan.environment
        // Of its own, so that closing all connections is nobody else's trouble.
        let virtualHost = "chaos-\(UUID().uuidString.prefix(8).lowercased())"
        try await RealBroker.control("add_vhost", virtualHost)
        try await RealBroker.control("set_permissions", "-p", virtualHost, "guest", ".*", ".*", ".*")
        let settings = [
            "lease.duration": "2s", "lease.renew": "300ms", "worker.drain": "2s", "fetch.timeouts.stall": "5s",
            "worker.start_timeout": "60s",
        ]
        try await withSite(settings, broker: try RealBroker.url(virtualHost: virtualHost)) { site in
            let (findings, report) = try await ChaosRun(site: site, plan: plan, virtualHost: virtualHost).run()
            #expect(findings.isEmpty, "\(report)")
        }
        try await RealBroker.control("delete_vhost", virtualHost)
    }
}
