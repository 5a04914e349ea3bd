import Foundation
import ImageModel
import TestSupport
import Testing

/// The product's worker is killed at one exact point of the life of a job that is no import.
@Suite("Other jobs whose worker is killed at a point", .needsBroker, .timeLimit(.minutes(10)))
struct CrashPointOtherJobsTests {
    private static let quick = ["lease.duration": "1s", "lease.renew": "200ms"]

    /// Points that every job passes which a worker claims.
    private static let common = [
        Death("before-commit accepted"), Death("after-commit accepted"), Death("acknowledged"),
        Death("before-commit claimed"), Death("after-commit claimed"), Death("before-commit ended"),
        Death("after-commit ended"), Death("confirmed-end"), Death("after-commit published"),
    ]

    @Test("A share is carried out once", arguments: common)
    func share(_ death: Death) async throws {
        try await withImage { site in
            let offer = site.job("share", "job-2", image: "image-1")
                .setting("share", to: ["action": "offer", "member": "acct-2"])
            try await site.expectOneEnd(of: offer, "job-2", after: death)
            #expect(try await site.image("image-1").status == .active)
        }
    }

    @Test("An update is carried out once", arguments: common)
    func update(_ death: Death) async throws {
        try await withImage { site in
            let change = site.job("update", "job-2", image: "image-1").setting("set", to: ["name": "renamed"])
            try await site.expectOneEnd(of: change, "job-2", after: death)
            #expect(try await site.image("image-1").details.name == "renamed")
        }
    }

    @Test(
        "A delete is carried out once, and takes the bytes with it",
        arguments: common + [
            Death("before-commit tombstone"), Death("after-commit tombstone"), Death("deleting"), Death("deleted"),
        ])
    func delete(_ death: Death) async throws {
        try await withImage { site in
            try await site.expectOneEnd(of: site.job("delete", "job-2", image: "image-1"), "job-2", after: death)
            #expect(try await site.image("image-1").status == .deleted)
            #expect(site.objects.isEmpty)
        }
    }

    @Test(
        "A cancel of a waiting job is carried out once",
        arguments: [
            Death("before-commit accepted"), Death("after-commit accepted"), Death("acknowledged"),
            Death("confirmed-end"), Death("after-commit published"),
        ])
    func cancelWaiting(_ death: Death) async throws {
        try await withSite(Self.quick.merging(["worker.slots.import": "0"]) { $1 }) { site in
            let first = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            try await site.event("accepted", of: "job-1")
            try await site.stop(first)
            try await site.publish(site.cancel("job-2", of: "job-1"))
            try await site.expectDeath(of: site.startDoomedWorker(death))
            let heir = try await site.startReadyWorker()
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.expectSoundness(of: ["job-1", "job-2"], after: heir)
        }
    }

    @Test(
        "A running import that is cancelled leaves no byte, wherever its worker is killed meanwhile",
        arguments: [
            Death("before-commit abandoned"), Death("after-commit abandoned"), Death("discarding"), Death("discarded"),
            Death("before-commit cleared"), Death("after-commit cleared"), Death("before-commit ended"),
            Death("after-commit ended", 2), Death("confirmed-end"),
        ])
    func cancelRunning(_ death: Death) async throws {
        try await withSite(Self.quick) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 3 << 20 + 5).etag("\"v1\"")
            site.origin.serve("/image", image.holding(after: 1 << 20, until: gate))
            let doomed = try site.startDoomedWorker(death)
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            await site.origin.journal.wait { $0.held["/image"] == 1 }
            try await site.publish(site.cancel("job-2", of: "job-1"))
            try await site.expectDeath(of: doomed)
            let heir = try await site.startReadyWorker()
            #expect(try await site.end(of: "job-1").phase == "cancelled")
            #expect(try await site.end(of: "job-2").phase == "completed")
            try await site.expectSoundness(of: ["job-1", "job-2"], after: heir)
            #expect(site.objects.isEmpty)
        }
    }

    /// A site with an active `image-1`.
    private func withImage(_ body: (Site) async throws -> Void) async throws {
        try await withSite(Self.quick) { site in
            site.origin.serve("/image", .pattern(size: 100_000))
            let worker = try site.startWorker()
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            #expect(try await site.end(of: "job-1").phase == "completed")
            try await site.stop(worker)
            try await body(site)
        }
    }
}

extension Site {
    /// A worker dies on a job, and an ordinary one ends it.
    fileprivate func expectOneEnd(of job: JSON, _ id: String, after death: Death) async throws {
        try await publish(job)
        try await expectDeath(of: startDoomedWorker(death))
        let heir = try await startReadyWorker()
        #expect(try await end(of: id).phase == "completed")
        try await expectSoundness(of: ["job-1", id], after: heir)
    }
}
