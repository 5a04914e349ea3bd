import Foundation
import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("`longshore topology`", .needsBroker, .timeLimit(.minutes(10)))
struct TopologyCommandTests {
    @Test(
        "What `export` prints is imported by RabbitMQ, and workers that may declare nothing run on it",
        .needsBrokerControl, arguments: ["quorum", "classic"])
    func export(_ kind: String) async throws {
        let host = "export-\(UUID().uuidString.prefix(8).lowercased())"
        try await RealBroker.control("add_vhost", host)
        do {
            try await RealBroker.control("set_permissions", "-p", host, "guest", ".*", ".*", ".*")
            let url = try RealBroker.url(virtualHost: host)
            try await withSite(["broker.queue_type": kind]) { site in
                let there = ["broker.url": url, "broker.topology": "verify", "broker.queue_type": kind]
                let missing = try site.startWorker(there)
                #expect(try await missing.waitForEnd() == .exited(2))
                let exported = try await site.run("topology", "export", overrides: there)
                #expect(exported.end == .exited(0))
                let file = "\(site.directory)/definitions.json"
                try Data(exported.output.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: file))
                try await RealBroker.control("import_definitions", file)
                let checked = try await site.run("topology", "verify", overrides: there)
                #expect(checked.end == .exited(0), "\(checked.errors)")
                let policies = try await RealBroker.control("list_policies", "-p", host)
                #expect(policies.contains("\(site.prefix).delivery-limit"), "\(policies)")
                let worker = try await site.startReadyWorker(there)
                site.origin.serve("/image", .pattern(size: 1_000))
                let imported = try await site.run(
                    "import", site.origin.url("/image"), "--id", "image-1", "--wait", overrides: there)
                #expect(imported.end == .exited(0), "\(imported.errors)")
                try await site.stop(worker)
                let again = try await site.run("topology", "declare", overrides: there)
                #expect(again.end == .exited(0), "\(again.errors)")
            }
        } catch {
            try await RealBroker.control("delete_vhost", host)
            throw error
        }
        try await RealBroker.control("delete_vhost", host)
    }

    @Test("Manifests for the operator name each object once, under names that Kubernetes takes")
    func manifests() async throws {
        try await withSite { site in
            let printed = try await site.run(
                "topology", "export", "--operator", "rabbit", "--without-catalog", "--vhost", "images")
            #expect(printed.end == .exited(0))
            let items = printed.json["items"].elements
            let kinds = Dictionary(grouping: items) { $0["kind"].text ?? "" }.mapValues(\.count)
            #expect(kinds == ["Exchange": 3, "Queue": 7, "Binding": 7, "Policy": 1])
            let names = items.compactMap { $0["metadata", "name"].text }
            #expect(Set(zip(items, names).map { "\($0["kind"].text ?? "") \($1)" }).count == items.count)
            #expect(names.allSatisfy { $0.wholeMatch(of: /[a-z0-9]([-a-z0-9.]*[a-z0-9])?/) != nil }, "\(names)")
            #expect(items.allSatisfy { $0["spec", "rabbitmqClusterReference", "name"].text == "rabbit" })
            #expect(items.allSatisfy { $0["spec", "vhost"].text == "images" })
            // A queue of the operator has its type beside its arguments.
            #expect(items.allSatisfy { $0["spec", "arguments", "x-queue-type"].text == nil })
        }
    }

    @Test("`adopt` hands the queues over, with what waits in them, and only when nobody works on them")
    func adopt() async throws {
        try await withSite { site in
            let other = ["catalog.url": "sqlite://\(site.directory)/second.db"]
            #expect(try await site.run("topology", "adopt").end == .exited(0))
            #expect(try await site.run("topology", "adopt").json["adopted"] == .null)
            let first = try await site.startReadyWorker()
            let refused = try await site.run("topology", "adopt", overrides: other)
            #expect(refused.end == .exited(2) && refused.errors.joined().contains("--yes"), "\(refused.errors)")
            try await site.waitForConsumer()
            let busy = try await site.run("topology", "adopt", "--yes", overrides: other)
            #expect(busy.end == .exited(2) && busy.errors.joined().contains("stop those"), "\(busy.errors)")
            try await site.stop(first)
            site.origin.serve("/image", .pattern(size: 1_000))
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let adopted = try await site.run("topology", "adopt", "--yes", "--json", overrides: other)
            #expect(adopted.end == .exited(0) && adopted.json["adopted"] == .bool(true), "\(adopted.errors)")
            let late = try site.startWorker()
            #expect(try await late.waitForEnd() == .exited(2))
            #expect(late.errors.entries.joined().contains("belong to another catalog"))
            let moved = other.merging(["stores.default.url": "file://\(site.directory)/moved"]) { $1 }
            let second = try site.startWorker(moved)
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(second)
        }
    }
}

extension Site {
    /// Waits until a worker consumes imports.
    fileprivate func waitForConsumer() async throws {
        let queue = names.intake(.import)
        let deadline = ContinuousClock.now + .patience
        while ContinuousClock.now < deadline {
            let consumers = try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
                try await admin.queueStatus(queue).consumers
            }
            if consumers > 0 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
