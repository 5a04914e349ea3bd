import Foundation
import RabbitMQ
import TestSupport
import Testing
import Worker

@Suite("The oracle", .needsBroker, .timeLimit(.minutes(10)))
struct OracleTests {
    @Test("It finds what is lost, doubled, orphaned or wrong, and nothing where all is well")
    func findings() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 50_000))
            let worker = try await site.startReadyWorker()
            for job in ["job-1", "job-2"] { try await site.publish(site.importJob(job, path: "/image")) }
            for job in ["job-1", "job-2"] { #expect(try await site.end(of: job).phase == "completed") }
            try await site.expectSoundness(of: ["job-1", "job-2"], after: worker)

            try await site.publish(site.importJob("job-3", path: "/image"))
            let lost = try await site.findings(["job-1", "job-2", "job-3"])
            #expect(lost.lost.count == 2 && lost.orphaned.isEmpty && lost.wrong.isEmpty, "\(lost)")

            try Data([1]).write(to: URL(fileURLWithPath: "\(site.storePath)/staging/left"))
            try Data([1]).write(to: URL(fileURLWithPath: "\(site.storePath)/objects/stray"))
            #expect(try await site.findings(["job-1", "job-2"]).orphaned.count == 2)

            let end = try await site.end(of: "job-1")
            try await site.publish(
                try end.json.setting("id", to: "another").bytes, exchange: site.names.events, key: "x")
            let doubled = try await site.findings(["job-1", "job-2"])
            #expect(doubled.doubled.count == 2, "the end, and its place in the image's history: \(doubled)")

            try await site.publish(
                try end.json.setting("data", "job", "state", to: "failed").bytes, exchange: site.names.events, key: "x")
            let object = try #require(site.objects.first { !$0.hasSuffix("stray") })
            let whole = try #require(FileManager.default.contents(atPath: object))
            try FileManager.default.removeItem(atPath: object)
            try (whole.dropLast() + [whole[whole.count - 1] ^ 1]).write(to: URL(fileURLWithPath: object))
            let wrong = try await site.findings(["job-1", "job-2"])
            #expect(wrong.wrong.count == 3, "the end, the event's second body, the bytes: \(wrong)")
        }
    }
}

extension Site {
    fileprivate func findings(_ jobs: [String]) async throws -> Findings {
        try await Oracle(self, jobs: jobs).findings()
    }
}
