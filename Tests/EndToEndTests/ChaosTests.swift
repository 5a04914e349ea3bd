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
        let storeLink = plan.isInS3 ? try Proxy(to: RealS3.requiredPort(), framed: false) : nil
        var settings = [
            "lease.duration": "2s", "lease.renew": "300ms", "worker.drain": "2s", "fetch.timeouts.stall": "5s",
            "worker.start_timeout": "60s",
        ]
        if let storeLink { settings.merge(try await Self.store(behind: storeLink)) { $1 } }
        try await withSite(settings, broker: try RealBroker.url(virtualHost: virtualHost)) { site in
            let run = ChaosRun(site: site, plan: plan, virtualHost: virtualHost, storeLink: storeLink)
            let (findings, report) = try await run.run()
            #expect(findings.isEmpty, "\(report)")
        }
        try await RealBroker.control("delete_vhost", virtualHost)
    }

    /// A bucket of its own, over a network that fails for seconds: more patience is needed than with a disk.
    private static func store(behind link: Proxy) async throws -> [String: String] {
        let bucket = try await RealS3.makeBucket()
        let endpoint = "http://127.0.0.1:\(link.port)"
        return [
            "stores.default.url": "s3://\(bucket)/images?credential=objects&endpoint=\(endpoint)",
            "stores.default.part_size": "5MiB", "credentials.objects.type": "s3",
            "credentials.objects.access_key": RealS3.accessKey, "credentials.objects.secret_key": RealS3.secretKey,
            "credentials.objects.endpoint": endpoint, "credentials.objects.urls": "s3://\(bucket)/",
            "retry.base": "500ms", "retry.max": "5s",
        ]
    }
}
