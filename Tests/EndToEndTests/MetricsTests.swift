import Foundation
import ImageModel
import TestSupport
import Testing

@Suite("What `/metrics` says", .needsBroker, .timeLimit(.minutes(10)))
struct MetricsTests {
    @Test("Jobs by kind and state, the slots of this worker, what waits and since when, and zeros when all is done")
    func load() async throws {
        try await withSite(["worker.slots.import": "1"]) { site in
            let gate = Gate()
            site.origin.serve("/held", .pattern(size: 50_000).holding(after: 1_000, until: gate))
            let port = try Origin().port
            let url = "http://127.0.0.1:\(port)/metrics"
            let worker = try await site.startReadyWorker(["health.listen": "127.0.0.1:\(port)"])
            let jobs = ["job-1", "job-2", "job-3"]
            for job in jobs {
                try await site.publish(site.importJob(job, path: "/held"))
                try await site.event("accepted", of: job)
            }
            await site.origin.journal.wait { $0.held["/held"] == 1 }
            let busy = try await site.lines(of: url)
            #expect(busy.status == 200)
            #expect(busy.lines.contains("longshore_jobs{kind=\"import\",state=\"queued\"} 2"))
            #expect(busy.lines.contains("longshore_jobs{kind=\"import\",state=\"running\"} 1"))
            #expect(busy.lines.contains("longshore_slots{kind=\"import\"} 1"))
            #expect(busy.lines.contains("longshore_slots_used{kind=\"import\"} 1"))
            #expect(busy.lines.contains("longshore_catalog_up 1"))
            let oldest = "longshore_oldest_job_seconds{kind=\"import\",state=\"queued\"} "
            let age = try #require(busy.lines.first { $0.hasPrefix(oldest) }, "\(busy.lines)")
            #expect(try #require(Double(age.dropFirst(oldest.count))) > 0)
            gate.open()
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            try await site.settle(jobs)
            let idle = try await site.lines(of: url).lines
            #expect(idle.contains("longshore_jobs{kind=\"import\",state=\"queued\"} 0"))
            #expect(idle.contains("longshore_outbox_entries 0") && !idle.contains { $0.hasPrefix(oldest) })
            // Each metric is explained and typed once, before its values.
            for name in Set(
                idle.filter { !$0.hasPrefix("#") && !$0.isEmpty }.map { $0.prefix { $0 != "{" && $0 != " " } })
            {
                #expect(idle.count { $0.hasPrefix("# HELP \(name) ") } == 1, "\(name)")
                #expect(idle.count { $0.hasPrefix("# TYPE \(name) gauge") } == 1, "\(name)")
            }
            try await site.stop(worker)
        }
    }
}
