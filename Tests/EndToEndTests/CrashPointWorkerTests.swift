import Foundation
import ImageModel
import TestSupport
import Testing

/// Ways to die that are not those of one job.
@Suite("Workers that die at a point of their own lives", .needsBroker, .timeLimit(.minutes(10)))
struct CrashPointWorkerTests {
    private static let quick = ["lease.duration": "1s", "lease.renew": "200ms"]

    @Test("After the broker has an event and before its confirm: it comes again under the same id")
    func unconfirmed() async throws {
        try await withSite(Self.quick) { site in
            let proxy = try site.brokerProxy()
            await proxy.arm(.drop(.ack, .toClient))
            let jobs = try await site.publishImports(3)
            let doomed = try site.startWorker(try site.through(proxy))
            try await site.event("accepted", of: "job-1")
            doomed.signal(SIGKILL)
            try await site.expectDeath(of: doomed)
            try await site.expectTakenOver(jobs)
            let accepted = try await site.settledEvents().of("job-1").filter { $0.phase == "accepted" }
            #expect(accepted.count >= 2 && Set(accepted.map(\.id)).count == 1)
        }
    }

    @Test("A job that kills its worker again and again fails with attempts_exhausted, and the next one is not harmed")
    func poison() async throws {
        try await withSite(Self.quick) { site in
            site.origin.serve("/image", .pattern(size: 2 << 20))
            try await site.publish(
                site.importJob("job-1", image: "image-1", path: "/image").setting("max_attempts", to: 3))
            for _ in 1...3 { try await site.expectDeath(of: site.startDoomedWorker(Death("appended"))) }
            try await site.publish(site.importJob("job-2", image: "image-2", path: "/image"))
            let heir = try await site.startReadyWorker()
            let end = try await site.end(of: "job-1")
            #expect(end.phase == "failed" && end.errorCode == "attempts_exhausted")
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.expectSoundness(of: ["job-1", "job-2"], after: heir)
            #expect(site.objects.count == 1)
        }
    }

    @Test(
        "abort() in a library and a failed precondition are no worse than a kill",
        arguments: ["abort", "trap"], [Death("appended", 2), Death("before-commit ended"), Death("confirmed-end")])
    func abort(action: String, at death: Death) async throws {
        try await withSite(Self.quick) { site in
            site.origin.serve("/lot", .pattern(size: 2 << 20).etag("\"v1\""))
            try await site.publish(site.importJob("job-1", path: "/lot"))
            let doomed = try site.startDoomedWorker(death, action: action)
            let end = try await doomed.waitForEnd()
            let signals = action == "abort" ? [SIGABRT] : [SIGILL, SIGTRAP]
            #expect(signals.contains { end == .signalled($0) }, "\(end)")
            try await site.expectTakenOver(["job-1"])
        }
    }

    @Test(
        "While a drain gives its job back",
        arguments: [Death("before-commit given-back"), Death("after-commit given-back")])
    func draining(_ death: Death) async throws {
        try await withSite(Self.quick.merging(["worker.drain": "100ms"]) { $1 }) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 3 << 20).etag("\"v1\"")
            site.origin.serve("/image", image.holding(after: 2 << 20, until: gate), image)
            let doomed = try site.startDoomedWorker(death)
            try await site.publish(site.importJob("job-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            doomed.signal(SIGTERM)
            try await site.expectDeath(of: doomed)
            try await site.expectTakenOver(["job-1"])
        }
    }

    @Test("The same message, published again as new while its workers die, is one job")
    func republished() async throws {
        try await withSite(Self.quick) { site in
            // Held, or a worker that is to die when it acknowledges might have done it all by then.
            let gate = Gate()
            site.origin.serve("/image", .pattern(size: 50_000).holding(after: 10_000, until: gate))
            let job = site.importJob("job-1", path: "/image")
            for point in ["after-commit accepted", "acknowledged", "after-commit claimed", "after-commit ended"] {
                if point == "after-commit ended" { gate.open() }
                try await site.publish(job)
                try await site.expectDeath(of: site.startDoomedWorker(Death(point)))
            }
            try await site.publish(job)
            try await site.expectTakenOver(["job-1"])
            #expect(try await site.settledEvents().of("job-1").filter { $0.phase == "accepted" }.map(\.id).uniqued == 1)
        }
    }

    @Test("While the catalog's tables are made", arguments: [1, 3, 9, 20])
    func migration(statement: Int) async throws {
        try await withSite(Self.quick, catalog: .file) { site in
            site.origin.serve("/image", .pattern(size: 50_000))
            try await site.publish(site.importJob("job-1", path: "/image"))
            for _ in 1...2 { try await site.expectDeath(of: site.startDoomedWorker(Death("migration", statement))) }
            try await site.expectTakenOver(["job-1"])
        }
    }
}

extension Site {
    /// An ordinary worker completes these jobs, and the oracle finds nothing.
    fileprivate func expectTakenOver(_ jobs: [String]) async throws {
        let heir = try await startReadyWorker()
        for job in jobs { #expect(try await end(of: job).phase == "completed") }
        try await expectSoundness(of: jobs, after: heir)
    }
}

extension [String] {
    fileprivate var uniqued: Int { Set(self).count }
}
