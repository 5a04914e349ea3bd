import Foundation
import ImageModel
import TestSupport
import Testing

/// The product's worker is killed at one exact point of an import's life; an ordinary one takes over.
@Suite("Imports whose worker is killed at a point", .needsBroker, .timeLimit(.minutes(10)))
struct CrashPointImportTests {
    private static let size: Int64 = 70 << 20 + 4_321
    private static let quick = ["lease.duration": "1s", "lease.renew": "200ms"]

    @Test(
        "While the message is taken in and the job is claimed",
        arguments: [
            Death("before-commit accepted"), Death("after-commit accepted"), Death("acknowledging"),
            Death("acknowledged"), Death("before-commit claimed"), Death("after-commit claimed"),
        ])
    func intake(_ death: Death) async throws {
        try await expectCompleted(after: death, size: 3 << 20 + 5)
    }

    @Test(
        "While the bytes are fetched and checkpoints are written",
        arguments: [
            Death("before-commit transfer"), Death("after-commit transfer"), Death("staged"), Death("chunk"),
            Death("chunk", 40), Death("appended", 69), Death("synchronized"), Death("before-commit checkpoint"),
            Death("after-commit checkpoint"), Death("before-commit checkpoint", 2), Death("after-commit checkpoint", 2),
        ])
    func fetch(_ death: Death) async throws {
        try await expectCompleted(after: death, size: Self.size)
    }

    @Test(
        "While the object is committed and the image recorded",
        arguments: [
            Death("synchronized", 3), Death("before-commit committing"), Death("after-commit committing"),
            Death("stored"), Death("before-commit ended"), Death("after-commit ended"),
        ])
    func commit(_ death: Death) async throws {
        try await expectCompleted(after: death, size: Self.size)
    }

    @Test(
        "While the events are published",
        arguments: [
            Death("publishing"), Death("confirmed"), Death("before-commit published"), Death("after-commit published"),
            Death("publishing", 3), Death("confirmed-end"),
        ])
    func publish(_ death: Death) async throws {
        try await expectCompleted(after: death, size: 3 << 20 + 5)
    }

    @Test("While the lease is renewed", arguments: [Death("before-commit renewed"), Death("after-commit renewed", 2)])
    func renewal(_ death: Death) async throws {
        try await withSite(Self.quick) { site in
            let gate = Gate()
            let image = OriginAnswer.pattern(size: 3 << 20 + 5).etag("\"v1\"")
            site.origin.serve("/image", image.holding(after: 1 << 20, until: gate), image)
            let doomed = try site.startDoomedWorker(death)
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            try await site.expectDeath(of: doomed)
            try await site.expectTakenOver("job-1", image: "image-1", PatternBytes(size: 3 << 20 + 5))
        }
    }

    /// Goal: a death between the two names of a commit. Method: no port lies between them, so the worker dies after the
    /// commit, and the test gives the staging file its name back.
    @Test("Between the object's name and the end of the staging file's: nothing is left of the staging file")
    func halfCommitted() async throws {
        try await withSite(Self.quick) { site in
            site.origin.serve("/image", .pattern(size: 3 << 20))
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            try await site.expectDeath(of: site.startDoomedWorker(Death("stored")))
            let object = try #require(site.objects.first)
            let staged = "\(site.storePath)/staging/\(URL(fileURLWithPath: object).lastPathComponent)"
            try FileManager.default.linkItem(atPath: object, toPath: staged)
            try await site.expectTakenOver("job-1", image: "image-1", PatternBytes(size: 3 << 20))
        }
    }

    private func expectCompleted(after death: Death, size: Int64) async throws {
        try await withSite(Self.quick) { site in
            site.origin.serve("/image", .pattern(size: size).etag("\"v1\""))
            try await site.publish(site.importJob("job-1", image: "image-1", path: "/image"))
            let doomed = try site.startDoomedWorker(death)
            try await site.expectDeath(of: doomed)
            try await site.expectTakenOver("job-1", image: "image-1", PatternBytes(size: size))
        }
    }
}

extension Site {
    /// An ordinary worker finishes what a dead one left, and the oracle finds nothing.
    fileprivate func expectTakenOver(_ job: String, image: String, _ bytes: PatternBytes) async throws {
        let heir = try await startReadyWorker()
        #expect(try await end(of: job).phase == "completed")
        try await expectSoundness(of: [job], after: heir)
        #expect(try await storedBytes(of: image) == bytes.all)
    }
}
