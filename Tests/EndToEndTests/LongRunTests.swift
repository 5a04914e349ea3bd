import TestSupport
import Testing

@Suite("A worker that goes on and on", .needsBroker, .timeLimit(.minutes(10)))
struct LongRunTests {
    /// Goal: what a job opens is closed after it. Method: rounds of jobs of each kind, refused and cancelled ones among them;
    /// after the last the worker has open what it had after the first, give or take what it keeps in reserve: far fewer than
    /// there were jobs between. `scripts/soak` looks at memory too, and for as long as one likes.
    @Test("Whatever jobs open is closed after them: descriptors, threads and channels do not grow with their number")
    func leavesNothingOpen() async throws {
        try await withSite { site in
            site.origin.serve("/image", .pattern(size: 50_000))
            site.origin.serve("/missing", .status(404))
            site.origin.serve("/held", .pattern(size: 50_000).holding(after: 10_000, until: Gate()))
            let worker = try await site.startReadyWorker()
            var jobs: [String] = []
            var after: [(descriptors: Int, threads: Int)] = []
            for round in 1...6 {
                jobs += try await Self.runRound(round, at: site)
                try await site.settle(jobs)
                after.append(try worker.holdings())
            }
            #expect(jobs.count == 6 * 27)
            let (first, last) = (after[1], after[5])
            #expect(last.descriptors <= first.descriptors + 16, "\(after)")
            #expect(last.threads <= first.threads + 16, "\(after)")
            #expect(worker.errors.entries.connections == 3, "all on the connections it began with")
            try await site.expectSoundness(of: jobs, after: worker)
        }
    }

    /// Goal: memory that jobs needed for a moment goes back. Method: what glibc keeps is in its heaps, and by default there are
    /// eight of them for each core; many imports at once make their threads allocate.
    @Test("The threads of a worker share two heaps, however many of them run imports")
    func sharesHeaps() async throws {
        try await withSite(["worker.slots.import": "8"]) { site in
            site.origin.serve("/image", .pattern(size: 300_000).trickling(bytes: 30_000, milliseconds: 20))
            let worker = try await site.startReadyWorker()
            let jobs = (1...24).map { "job-\($0)" }
            for job in jobs { try await site.publish(site.importJob(job, path: "/image")) }
            for job in jobs { #expect(try await site.end(of: job).phase == "completed") }
            #expect(try worker.furtherHeaps() <= 1)
            try await site.expectSoundness(of: jobs, after: worker)
        }
    }

    /// - Returns: The ids of the round's jobs, all of which have ended.
    private static func runRound(_ round: Int, at site: Site) async throws -> [String] {
        var jobs: [String] = []
        for number in 1...5 {
            let image = "image-\(round)-\(number)"
            let steps = [
                site.importJob("\(image)-import", image: image, path: "/image"),
                site.job("share", "\(image)-share", image: image)
                    .setting("share", to: ["action": "offer", "member": "acct-2"])
                    .setting("after", to: [.string("\(image)-import")]),
                site.job("update", "\(image)-update", image: image).setting("set", to: ["description": "d"])
                    .setting("after", to: [.string("\(image)-share")]),
                site.job("delete", "\(image)-delete", image: image)
                    .setting("after", to: [.string("\(image)-update")]),
            ]
            for step in steps { try await site.publish(step) }
            try await site.publish(site.importJob("\(image)-missing", path: "/missing"))
            jobs += ["import", "share", "update", "delete", "missing"].map { "\(image)-\($0)" }
        }
        try await site.publish(site.importJob("held-\(round)", path: "/held"))
        await site.origin.journal.wait { $0.held["/held"] == round }
        try await site.publish(site.cancel("cancel-\(round)", of: "held-\(round)"))
        jobs += ["held-\(round)", "cancel-\(round)"]
        for job in jobs { _ = try await site.end(of: job) }
        return jobs
    }
}
