import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("A dozen workers on one PostgreSQL", .needsBroker, .needsPostgreSQL, .timeLimit(.minutes(20)))
struct CrowdTests {
    private static let settings = [
        "limits.owner.running": "2", "limits.source_host.running": "5", "worker.slots.import": "1",
        "lease.duration": "5s", "lease.renew": "1s",
    ]
    private static let owners = ["a", "b", "c", "d"]

    @Test("Workers that are killed and added meanwhile keep the limits together, pass no owner over and lose nothing")
    func killedAndAdded() async throws {
        try await withSite(Self.settings, catalog: .server(try #require(RealPostgreSQL.url))) { site in
            site.origin.serve(
                "/lot", .pattern(size: 60_000, seed: 7).etag("\"lot\"").trickling(bytes: 10_000, milliseconds: 100))
            var workers: [Program] = []
            for _ in 0..<12 { workers.append(try await site.startReadyWorker()) }
            let jobs = Self.owners.flatMap { owner in (1...10).map { "\(owner)-\($0)" } }
            for job in jobs {
                let owner = JSON.string(String(job.prefix(1)))
                try await site.publish(
                    site.importJob(job, image: "of-\(job)", path: "/lot").setting("actor", to: ["account": owner]))
            }
            for round in 1...2 {
                try await site.events.wait(for: "progress") { events in
                    events.count { $0.phase == "completed" } >= 8 * round
                }
                for worker in workers.prefix(3) {
                    worker.signal(SIGKILL)
                    _ = try await worker.waitForEnd()
                }
                workers.removeFirst(3)
                for _ in 0..<3 { workers.append(try await site.startReadyWorker()) }
            }
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.settle(jobs)
            for worker in workers { try await site.stop(worker) }
            let findings = try await Oracle(site, jobs: jobs).findings()
            #expect(findings.isEmpty, "\(findings)")
            let history = try await site.catalog().read { try $0.publishedEvents(HistoryFilter(limit: 10_000)) }
            let runs = Self.runs(history.map(\.event))
            #expect(runs.count == jobs.count)
            #expect(Self.mostAtOnce(runs) <= 5)
            for owner in Self.owners {
                #expect(Self.mostAtOnce(runs.filter { $0.job.hasPrefix(owner) }) <= 2, "\(owner)")
            }
            // Two places each at most of five: nobody can have waited until another owner was through.
            let begun = runs.sorted { $0.begun < $1.begun }.prefix(24).map { $0.job.prefix(1) }
            for owner in Self.owners { #expect(begun.contains { $0 == owner }, "\(begun)") }
        }
    }

    private struct Run {
        let job: String
        let begun: Timestamp
        let ended: Timestamp
    }

    /// The last run of each job, from the announcement of its beginning to that of its end: what a killed worker ran
    /// ended at a moment that nothing announces.
    private static func runs(_ events: [ImageEvent]) -> [Run] {
        var begun: [String: Timestamp] = [:]
        var runs: [Run] = []
        for event in events {
            guard let job = event.jobID, case .image(.import, let phase) = event.topic else { continue }
            if phase == .started { begun[job] = event.time }
            if phase == .completed, let begin = begun[job] {
                runs.append(Run(job: job, begun: begin, ended: event.time))
            }
        }
        return runs
    }

    private static func mostAtOnce(_ runs: [Run]) -> Int {
        runs.map { run in runs.count { $0.begun <= run.begun && run.begun < $0.ended } }.max() ?? 0
    }
}
