import Foundation
import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("An installation with the rights that `deploy` gives", .needsBroker, .needsPostgreSQL, .timeLimit(.minutes(20)))
struct LeastRightsTests {
    private func withLeastRights(_ body: (LeastRights) async throws -> Void) async throws {
        let node = try await BrokerNode.start()
        try await DatabaseNode.with { database in
            try await withSite(
                ["broker.topology": "verify"], broker: node.url, catalog: .server(database.url)
            ) { site in
                try await body(LeastRights(site, node, database, publisherKinds: "import,share,cancel"))
            }
        }
        try await node.end()
    }

    @Test("Workers that can make neither table nor queue do all their work, once the owner has made both")
    func workers() async throws {
        try await withLeastRights { rights in
            let site = rights.site
            let asWorker = try rights.settings(broker: "worker", catalog: "worker")
            let tooEarly = try site.startWorker(asWorker)
            #expect(try await tooEarly.waitForEnd() == .exited(4))
            #expect(tooEarly.errors.entries.contains { $0.contains("lacks rights") }, "\(tooEarly.errors.entries)")

            let setup = try await site.run(
                "topology", "declare", overrides: rights.settings(broker: "operator", catalog: "owner"))
            #expect(setup.end == .exited(0), "\(setup.errors)")
            try await rights.applyRoles()

            site.origin.serve("/image", .pattern(size: 50_000))
            let worker = try await site.startReadyWorker(asWorker)
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"), replyTo: site.replyQueue)
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.replies.wait(for: "the reply") { $0.count == 1 }
            let offer = site.job("share", "job-2", image: "image-1")
                .setting("share", to: ["action": "offer", "member": "acct-2"])
            for job in [offer, site.job("delete", "job-3", image: "image-1").setting("after", to: ["job-2"])] {
                try await site.publish(job)
            }
            #expect(try await site.end(of: "job-3").phase == "completed")
            try await site.publish(Array("no job".utf8), exchange: site.names.jobs, key: "import")
            try await site.deadLetters.wait(for: "the dead letter") { $0.count == 1 }
            let swept = try await site.run("sweep", overrides: asWorker)
            #expect(swept.end == .exited(0), "\(swept.errors)")
            try await site.stop(worker)
        }
    }

    @Test("A worker sees that the queues are another catalog's, although it may look at little")
    func stranger() async throws {
        try await withLeastRights { rights in
            let site = rights.site
            _ = try await site.run(
                "topology", "declare", overrides: rights.settings(broker: "operator", catalog: "owner"))
            let stranger = try site.startWorker(
                ["broker.url": rights.brokerURL("worker"), "catalog.url": "sqlite://\(site.directory)/other.db"])
            #expect(try await stranger.waitForEnd() == .exited(2))
            #expect(stranger.errors.entries.contains { $0.contains("belong to another catalog") })
        }
    }

    @Test("Nobody can do on the broker what is another's to do")
    func broker() async throws {
        try await withLeastRights { rights in
            let site = rights.site
            let owner = try rights.settings(broker: "operator", catalog: "owner")
            _ = try await site.run("topology", "declare", overrides: owner)
            site.origin.serve("/image", .pattern(size: 1_000))
            let worker = try await site.startReadyWorker(try rights.settings(broker: "worker", catalog: "worker"))
            func submit(_ job: JSON, as role: String) async throws -> Program.End {
                try await site.run(
                    "submit", "-", input: try job.bytes, overrides: ["broker.url": rights.brokerURL(role)]
                ).end
            }
            #expect(
                try await submit(site.importJob("job-1", image: "i", path: "/image"), as: "publisher") == .exited(0))
            #expect(try await site.end(of: "job-1").phase == "completed")
            #expect(try await submit(site.job("delete", "job-2", image: "i"), as: "publisher") == .exited(3))
            for role in ["watcher", "worker", "autoscaler"] {
                #expect(try await submit(site.importJob("job-3", path: "/image"), as: role) == .exited(3), "\(role)")
            }
            for role in ["publisher", "worker", "autoscaler"] {
                let watch = try await site.run("watch", overrides: ["broker.url": rights.brokerURL(role)])
                #expect(watch.end == .exited(3), "\(role)")
            }
            let queue = site.names.intake(.import)
            for role in ["publisher", "watcher", "autoscaler"] {
                await #expect(throws: RabbitMQError.self, "\(role)") {
                    try await takeAll(from: queue, as: rights.brokerURL(role), site.configuration)
                }
            }
            let dead = try await site.run("dead", "list", overrides: owner)
            #expect(dead.end == .exited(0), "\(dead.errors)")
            // Nothing tells when the watcher's queue is bound.
            let watcher = try site.start(["watch"], ["broker.url": rights.brokerURL("watcher")])
            while watcher.output.entries.isEmpty {
                try #require(watcher.hasEnded == nil, "\(watcher.errors.entries)")
                let asked = try await site.run(
                    "import", site.origin.url("/image"), "--name", "image", "--wait", overrides: owner)
                #expect(asked.end == .exited(0), "\(asked.errors)")
            }
            try await site.stop(worker)
            #expect(site.events.entries.allSatisfy { $0.jobID != "job-2" && $0.jobID != "job-3" })
        }
    }

    /// Takes messages out of a queue as a consumer would, for which reading is all that is asked.
    private func takeAll(
        from queue: String, as url: String, _ configuration: ConnectionConfiguration
    ) async throws {
        var configuration = configuration
        configuration.endpoints = [try BrokerEndpoint(parsing: url)]
        try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            _ = try await admin.purgeQueue(queue)
        }
    }

    @Test("Nobody can do in the database what is another's to do")
    func database() async throws {
        try await withLeastRights { rights in
            let owner = try rights.settings(broker: "operator", catalog: "owner")
            _ = try await rights.site.run("topology", "declare", overrides: owner)
            #expect(try await !rights.may("autoscaler", "SELECT * FROM longshore_load"))
            try await rights.applyRoles()
            #expect(try await rights.may("autoscaler", "SELECT * FROM longshore_load, longshore_unsent"))
            #expect(try await !rights.may("autoscaler", "SELECT * FROM jobs"))
            #expect(try await rights.may("worker", "SELECT * FROM jobs"))
            #expect(try await !rights.may("worker", "CREATE TABLE more (n integer)"))
            #expect(try await !rights.may("worker", "UPDATE catalog SET version = 1"))
            #expect(try await rights.may("owner", "CREATE TABLE more (n integer)"))
            #expect(try await rights.may("worker", "INSERT INTO more VALUES (1)"))
        }
    }
}
