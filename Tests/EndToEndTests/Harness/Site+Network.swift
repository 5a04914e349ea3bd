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
    func through(_ proxies: Proxy...) throws -> [String: String] {
        var components = try #require(URLComponents(string: broker))
        let urls = try proxies.map { proxy in
            components.host = "127.0.0.1"
            components.port = Int(proxy.port)
            return try #require(components.string)
        }
        return ["broker.url": urls.joined(separator: ","), "worker.start_timeout": "2m"]
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

    /// What no fault may change, once the worker has stopped: every job has succeeded and has one terminal event, every
    /// image is active and its bytes are right, nothing else lies in the store, nothing waits to be published, and
    /// nothing is left on the broker, where what was unsettled would be back in its queue by now.
    func expectNothingLost(_ jobs: [String], size: Int64 = 60_000) async throws {
        let bytes = PatternBytes(size: size, seed: 7).all
        for job in jobs {
            try await expectEndedOnce(job)
            #expect(try await self.job(job).state == .succeeded, "\(job)")
            let image = try await self.image("of-\(job)")
            #expect(image.status == .active && image.content?.digests.first?.hex == sha256(bytes), "\(job)")
            #expect(try await storedBytes(of: "of-\(job)") == bytes, "\(job)")
        }
        #expect(objects.count == jobs.count && staged.isEmpty)
        #expect(try await unpublished().isEmpty)
        #expect(deadLetters.entries.isEmpty)
        let names = names
        let left = try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            var left: [String: Int] = [:]
            for kind in JobKind.allCases {
                let queue = names.intake(kind)
                left[queue] = try await admin.queueStatus(queue).messages
            }
            return left.filter { $0.value > 0 }
        }
        #expect(left.isEmpty)
    }

    /// Waits for the end of all, and then of one more: by that one's end the worker has settled all that was delivered
    /// again before it. Then stops the worker.
    ///
    /// - Returns: All ids.
    func finish(_ jobs: [String], _ worker: Program, limit: Duration = .seconds(90)) async throws -> [String] {
        for job in jobs { #expect(try await end(of: job, limit: limit).phase == "completed") }
        try await publish(importJob("job-last", image: "of-job-last", path: "/lot"))
        #expect(try await end(of: "job-last", limit: limit).phase == "completed")
        try await stop(worker)
        return jobs + ["job-last"]
    }
}
