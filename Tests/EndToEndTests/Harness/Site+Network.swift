import Foundation
import ImageModel
import RabbitMQ
import TestSupport
import Testing
import Worker

extension Site {
    /// A faulty network in front of this site's broker.
    func brokerProxy() throws -> Proxy {
        let port = try #require(URLComponents(string: broker)?.port.flatMap(UInt16.init(exactly:)))
        return try Proxy(to: port, framed: true)
    }

    /// Settings of a worker that reaches the broker through these proxies, in this order of preference.
    ///
    /// - Parameter unknownHost: A name of no host, to be tried before all of them.
    func through(_ proxies: Proxy..., after unknownHost: String? = nil) throws -> [String: String] {
        var components = try #require(URLComponents(string: broker))
        var urls = try proxies.map { proxy in
            components.host = "127.0.0.1"
            components.port = Int(proxy.port)
            return try #require(components.string)
        }
        if let unknownHost {
            components.host = unknownHost
            urls.insert(try #require(components.string), at: 0)
        }
        return ["broker.url": urls.joined(separator: ","), "worker.start_timeout": "2m"]
    }

    /// Changes something on the broker, as an operator would.
    func administer(
        _ body: (RabbitMQAdmin, BrokerNames) async throws(RabbitMQError) -> Void
    ) async throws {
        let names = names
        try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            try await body(admin, names)
        }
    }

    /// Messages that wait in an intake queue and are with no worker.
    func ready(_ kind: JobKind) async throws -> Int {
        let queue = names.intake(kind)
        return try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            try await admin.queueStatus(queue).messages
        }
    }

    /// Publishes imports that take a while each, so that a fault finds them at every stage.
    ///
    /// - Returns: Their ids.
    func publishImports(_ count: Int, size: Int64 = 60_000) async throws -> [String] {
        origin.serve("/lot", .pattern(size: size, seed: 7).etag("\"lot\"").trickling(bytes: 20_000, milliseconds: 30))
        let jobs = (1...count).map { "job-\($0)" }
        for job in jobs { try await publish(importJob(job, image: "of-\(job)", path: "/lot")) }
        return jobs
    }

    /// What no fault may change, once the worker has stopped: the oracle finds nothing, every job has succeeded, its image
    /// has the right bytes, and nothing became a dead letter.
    func expectNothingLost(_ jobs: [String], size: Int64 = 60_000) async throws {
        let findings = try await Oracle(self, jobs: jobs).findings()
        #expect(findings.isEmpty, "\(findings)")
        let bytes = PatternBytes(size: size, seed: 7).all
        for job in jobs {
            #expect(try await self.job(job).state == .succeeded, "\(job)")
            #expect(try await image("of-\(job)").status == .active, "\(job)")
            #expect(try await storedBytes(of: "of-\(job)") == bytes, "\(job)")
        }
        #expect(objects.count == jobs.count)
        #expect(deadLetters.entries.isEmpty)
    }

    /// Waits for the end of all, and then of one more: by that one's end the worker has settled all that was delivered
    /// again before it, provided that no fault strikes any more. Then stops the worker.
    ///
    /// - Returns: All ids.
    func finish(_ jobs: [String], _ worker: Program, limit: Duration = .patience) async throws -> [String] {
        for job in jobs { #expect(try await end(of: job, limit: limit).phase == "completed") }
        try await publish(importJob("job-last", image: "of-job-last", path: "/lot"))
        #expect(try await end(of: "job-last", limit: limit).phase == "completed")
        try await stop(worker)
        return jobs + ["job-last"]
    }
}
