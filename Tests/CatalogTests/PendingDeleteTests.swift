import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Deleted images that can be restored")
struct PendingDeleteTests {
    private struct TenDays: ImagePolicy {
        func retention(of image: Image) -> Duration {
            image.details.owner == CatalogSamples.id("acct-9") ? .zero : .seconds(10 * 86_400)
        }
    }

    private let harness = Harness(policy: TenDays())
    private let days = Duration.seconds(86_400)

    /// Sends a delete and runs it as far as it gets; returns what is to be removed from stores.
    @discardableResult
    private func delete(_ job: String, _ image: String = "image-1") async throws -> [Replica]? {
        try await harness.accept(Harness.submission(job, Harness.delete(image)))
        return try await harness.catalog.beginDelete(harness.claimOne(.delete).lease)
    }

    @Test("A deleted image keeps its bytes, can be restored by an update, and nothing else is done to it")
    func restored() async throws {
        let before = try await harness.activeImage()
        #expect(try await delete("d") == nil)
        #expect(try await harness.end(of: "d") == .succeeded)
        let kept = try await harness.image()
        #expect(kept.status == .pendingDelete && kept.replicas == before.replicas)
        try await harness.accept(
            Harness.submission("s", Harness.share(.offer)), Harness.submission("c", Harness.copy()),
            Harness.submission("u", Harness.update(.name("n"))), Harness.submission("i", Harness.importWork()))
        for job in ["s", "c", "u"] { #expect(try await harness.end(of: job) == .failed(.imageNotActive), "\(job)") }
        #expect(try await harness.end(of: "i") == .failed(.imageExists))
        try await harness.accept(Harness.submission("r", Harness.update(.restore, .name("back"))))
        try await harness.catalog.update(harness.claimOne(.update).lease)
        #expect(try await harness.image().status == .active)
        #expect(try await harness.image().details.name == "back")
    }

    @Test(
        "When its time has passed a job of the platform deletes it, and only one; before that a delete changes nothing")
    func overdue() async throws {
        try await harness.activeImage()
        try await delete("d-1")
        harness.clock.advance(by: days * 9)
        #expect(try await delete("d-2") == nil)
        #expect(try await harness.end(of: "d-2") == .succeeded)
        #expect(try await harness.image().status == .pendingDelete)
        #expect(try await harness.catalog.overdueImages().isEmpty)
        #expect(try await harness.catalog.deleteOverdue([CatalogSamples.id("image-1")]) == 0)
        harness.clock.advance(by: days)
        let overdue = try await harness.catalog.overdueImages()
        #expect(overdue == [CatalogSamples.id("image-1")])
        #expect(try await harness.catalog.deleteOverdue(overdue) == 1)
        #expect(try await harness.catalog.deleteOverdue(overdue) == 0)
        let claimed = try await harness.claimOne(.delete)
        #expect(claimed.job.request.actor == nil)
        #expect(try await harness.catalog.beginDelete(claimed.lease)?.count == 1)
        try await harness.catalog.completeDelete(claimed.lease)
        #expect(try await harness.image().status == .deleted)
        #expect(try await harness.phases(of: claimed.job.id.rawValue) == [.accepted, .completed])
    }

    @Test("The second of two deletes joins the first, though it runs later")
    func joined() async throws {
        try await harness.activeImage()
        try await harness.accept(
            Harness.submission("d-1", Harness.delete()), Harness.submission("d-2", Harness.delete()))
        for _ in 0..<2 {
            #expect(try await harness.catalog.beginDelete(harness.claimOne(.delete).lease) == nil)
        }
        #expect(try await harness.image().status == .pendingDelete)
    }

    @Test("What never was usable, and what the policy does not keep, goes at once; so does one replica")
    func atOnce() async throws {
        try await harness.accept(Harness.submission("i", Harness.importWork("image-2")))
        try await harness.catalog.fail(harness.claimOne(.import).lease, because: CatalogSamples.failure)
        #expect(try await delete("d-1", "image-2") == [])
        try await harness.activeImage("image-3", owner: "acct-9")
        #expect(try await delete("d-2", "image-3")?.count == 1)
        try await harness.activeImage(stores: ["default", "eu-2"])
        try await harness.accept(Harness.submission("d-3", Harness.delete(store: "eu-2")))
        #expect(try await harness.catalog.beginDelete(harness.claimOne(.delete).lease)?.count == 1)
        #expect(try await harness.image().status == .active)
    }

    @Test("An image that was restored in time is not deleted by a sweep that had seen it")
    func restoredBeforeTheSweep() async throws {
        try await harness.activeImage()
        try await delete("d")
        harness.clock.advance(by: days * 11)
        let overdue = try await harness.catalog.overdueImages()
        try await harness.accept(Harness.submission("r", Harness.update(.restore)))
        try await harness.catalog.update(harness.claimOne(.update).lease)
        #expect(try await harness.catalog.deleteOverdue(overdue) == 0)
        #expect(try await harness.image().status == .active)
    }
}
