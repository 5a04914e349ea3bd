import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Deletes")
struct DeleteTests {
    let harness = Harness()

    private func delete(_ job: String = "d") async throws {
        let claimed = try await harness.claimOne(.delete)
        #expect(claimed.job.id.rawValue == job)
        _ = try #require(try await harness.catalog.beginDelete(claimed.lease))
        try await harness.catalog.completeDelete(claimed.lease)
    }

    @Test("A delete sets the tombstone, then ends with the image deleted and no replica left")
    func wholeImage() async throws {
        try await harness.activeImage(stores: ["a", "b"])
        try await harness.accept(Harness.submission("d", Harness.delete(), account: "acct-1"))
        let claimed = try await harness.claimOne(.delete)
        await #expect(throws: CatalogError(.forbidden, "")) {
            try await harness.catalog.completeDelete(claimed.lease)
        }
        let replicas = try await harness.catalog.beginDelete(claimed.lease)
        #expect(replicas?.map(\.store.rawValue) == ["a", "b"])
        #expect(try await harness.image().status == .deleting)
        try await harness.catalog.completeDelete(claimed.lease)
        #expect(try await harness.image().status == .deleted)
        #expect(try await harness.image().replicas.isEmpty)
        #expect(try await harness.phases(of: "d") == [.accepted, .completed])
    }

    @Test("A delete cancels a waiting import, then deletes")
    func waitingImport() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork()), Harness.submission("d", Harness.delete()))
        #expect(try await harness.end(of: "job-1") == .cancelled)
        try await delete()
        #expect(try await harness.image().status == .deleted)
    }

    @Test("A delete waits until a running import has ended as asked, and for nothing else of it")
    func runningImport() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let claimed = try await harness.claimOne(.import)
        try await harness.accept(Harness.submission("d", Harness.delete()))
        #expect(try await harness.end(of: "d") == .deferred)
        #expect(try await harness.job("job-1").isCancelRequested)
        try await harness.catalog.cancel(claimed.lease)
        try await delete()
        #expect(try await harness.image().status == .deleted)
    }

    @Test("A delete cancels copies and waits for shares and updates before it")
    func otherWork() async throws {
        try await harness.activeImage()
        try await harness.accept(
            Harness.submission("c", Harness.copy()), Harness.submission("s", Harness.share(.offer)),
            Harness.submission("u", Harness.update(.name("n"))), Harness.submission("d", Harness.delete()))
        #expect(try await harness.end(of: "c") == .cancelled)
        #expect(try await harness.claim(.delete).isEmpty)
        try await harness.catalog.share(harness.claimOne(.share).lease)
        try await harness.catalog.update(harness.claimOne(.update).lease)
        #expect(try await harness.end(of: "u") == .succeeded)
        try await delete()
    }

    @Test("A delete that is to follow an import lets it end first")
    func afterImport() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork()),
            Harness.submission("d", Harness.delete(), after: ["job-1"], runsAfterFailure: true))
        #expect(try await harness.end(of: "job-1") == .queued)
        try await harness.complete(harness.claimOne(.import))
        try await delete()
    }

    @Test("A second delete joins the first and completes with it; a later one finds the image gone")
    func joins() async throws {
        try await harness.activeImage()
        try await harness.accept(
            Harness.submission("d", Harness.delete()), Harness.submission("d-2", Harness.delete()))
        try await delete()
        let second = try await harness.claimOne(.delete)
        #expect(try await harness.catalog.beginDelete(second.lease) == nil)
        #expect(try await harness.end(of: "d-2") == .succeeded)
        try await harness.accept(Harness.submission("d-3", Harness.delete()))
        #expect(try await harness.end(of: "d-3") == .failed(.imageGone))
    }

    @Test("A protected image is neither deleted nor is its import cancelled")
    func protected() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork(isProtected: true)),
            Harness.submission("d", Harness.delete()))
        #expect(try await harness.end(of: "d") == .failed(.imageProtected))
        try await harness.complete(harness.claimOne(.import))
        #expect(try await harness.image().status == .active)
        try await harness.accept(
            Harness.submission("u", Harness.update(.isProtected(false))), Harness.submission("d-2", Harness.delete()))
        try await harness.catalog.update(harness.claimOne(.update).lease)
        try await delete("d-2")
    }

    @Test("A stranger's delete neither deletes nor cancels")
    func stranger() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork()),
            Harness.submission("d", Harness.delete(), account: "acct-9"))
        #expect(try await harness.end(of: "d") == .failed(.notOwner))
        #expect(try await harness.end(of: "job-1") == .queued)
    }

    @Test("One replica may go, the last never, one that is not there not either")
    func replicas() async throws {
        try await harness.activeImage(stores: ["a", "b"])
        try await harness.accept(Harness.submission("d", Harness.delete(store: "a")))
        try await delete()
        #expect(try await harness.image().replicas.map(\.store.rawValue) == ["b"])
        #expect(try await harness.image().status == .active)
        for (id, store, code) in [("d-2", "b", FailureCode.lastReplica), ("d-3", "a", .replicaNotFound)] {
            try await harness.accept(Harness.submission(id, Harness.delete(store: store)))
            #expect(try await harness.catalog.beginDelete(harness.claimOne(.delete).lease) == nil)
            #expect(try await harness.end(of: id) == .failed(code))
        }
    }

    @Test("After the tombstone a delete cannot fail, run out of attempts or time, or be cancelled")
    func tombstone() async throws {
        try await harness.activeImage()
        try await harness.accept(
            Harness.submission(
                "d", Harness.delete(), deadline: harness.clock.now + .seconds(600), maxAttempts: 1))
        var claimed = try await harness.claimOne(.delete)
        _ = try await harness.catalog.beginDelete(claimed.lease)
        try await harness.catalog.retry(claimed.lease, after: .seconds(700), because: CatalogSamples.failure)
        harness.clock.advance(by: .seconds(700))
        claimed = try await harness.claimOne(.delete)
        try await harness.catalog.fail(claimed.lease, because: Failure(.storeUnknown, "no store"))
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("d")))
        #expect(try await harness.end(of: "cancel-1") == .failed(.jobFinished))
        harness.clock.advance(by: .seconds(60))
        _ = try await harness.claimOne(.delete)
        harness.clock.advance(by: .seconds(31))
        claimed = try await harness.claimOne(.delete)
        #expect(try await harness.catalog.beginDelete(claimed.lease)?.count == 1)
        try await harness.catalog.completeDelete(claimed.lease)
        #expect(try await harness.image().status == .deleted)
        #expect(try await harness.phases(of: "d") == [.accepted, .retrying, .retrying, .completed])
    }
}
