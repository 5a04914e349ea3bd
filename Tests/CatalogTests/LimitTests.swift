import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Limits across all workers")
struct LimitTests {
    private func importWork(_ image: String, owner: String? = "a", host: String = "h.example") -> JobWork {
        .import(
            ImportRequest(
                image: ImageSpecification(
                    id: CatalogSamples.id(image), name: "n", owner: owner.map { CatalogSamples.id($0) }),
                source: SourceLocation(url: "https://\(host)/\(image)")))
    }

    private func accept(
        _ harness: Harness, _ ids: String..., owner: String? = "a", host: String = "h.example"
    ) async throws {
        for id in ids {
            try await harness.accept(Harness.submission(id, importWork("image-\(id)", owner: owner, host: host)))
        }
    }

    // MARK: Running jobs

    @Test("No more jobs of an owner run than limits.owner.running, of all kinds and in all workers together")
    func ownerRunning() async throws {
        let harness = Harness(limits: CatalogLimits(ownerRunning: 2))
        try await harness.activeImage(owner: "a")
        try await accept(harness, "a-1", "a-2", "a-3")
        try await accept(harness, "b-1", owner: "b")
        try await accept(harness, "p-1", "p-2", "p-3", owner: nil)
        var claimed = try await harness.claim(.import, 2)
        claimed += try await harness.claim(.import, 9, worker: "w-2")
        #expect(Set(claimed.map(\.job.id.rawValue)) == ["a-1", "a-2", "b-1", "p-1", "p-2"])
        try await harness.accept(Harness.submission("s", Harness.share(.offer), account: "a"))
        #expect(try await harness.claim(.share).isEmpty)
        #expect(try await reason(of: "s", harness) == "owner a: 2 running, limits.owner.running is 2")
        #expect(try await reason(of: "p-3", harness) == "the platform: 2 running, limits.owner.running is 2")

        let done = try #require(claimed.first { $0.job.id.rawValue == "a-1" })
        try await harness.complete(done)
        // Both wait for the one place: the short one has it first.
        let slots: [JobKind: Int] = [.import: 9, .share: 9]
        let next = try await harness.catalog.claim(for: CatalogSamples.id("w-1"), slots: slots, lease: .seconds(30))
            .jobs
        #expect(next.map(\.job.id.rawValue) == ["s"])
        try await harness.catalog.share(try #require(next.first).lease)
        #expect(try await harness.claim(.import).map(\.job.id.rawValue) == ["a-3"])
    }

    @Test("No more imports from a host run than limits.source_host.running, however the host is spelled")
    func hostRunning() async throws {
        let harness = Harness(limits: CatalogLimits(sourceHostRunning: 2))
        try await accept(harness, "1", "2", host: "H.Example:8443")
        try await accept(harness, "3", owner: "b", host: "h.example.")
        try await accept(harness, "4", owner: "b", host: "other.example")
        #expect(Set(try await harness.claim(.import).map(\.job.id.rawValue)) == ["1", "3", "4"])
        #expect(
            try await reason(of: "2", harness)
                == "source host h.example: 2 running, limits.source_host.running is 2")
    }

    @Test("A place is free again when its job ends in any way, retries, is given back, or loses its worker")
    func freeAgain() async throws {
        let harness = Harness(limits: CatalogLimits(ownerRunning: 1, sourceHostRunning: 1))
        try await accept(harness, "1", "2", "3", "4", "5", "6")
        let catalog = harness.catalog
        let failure = Failure(.storeUnavailable, "away", isRetryable: true)
        let ends: [@Sendable (JobLease) async throws -> Void] = [
            { try await catalog.fail($0, because: CatalogSamples.failure) },
            { try await catalog.retry($0, after: .seconds(3_600), because: failure) },
            { try await catalog.cancel($0) },
        ]
        for end in ends {
            let claimed = try await harness.claimOne(.import)
            #expect(try await harness.claim(.import).isEmpty)
            try await end(claimed.lease)
        }
        try await catalog.giveBack(harness.claimOne(.import).lease)
        _ = try await harness.claimOne(.import)
        harness.clock.advance(by: .seconds(31))
        _ = try await harness.claimOne(.import)
        #expect(try await harness.claim(.import).isEmpty)
    }

    @Test("A job that waits for nothing but a slot has no reason, nor has one without limits")
    func noReason() async throws {
        let harness = Harness(limits: CatalogLimits(ownerRunning: 2))
        try await accept(harness, "1", "2")
        _ = try await harness.claim(.import, 1)
        #expect(try await reason(of: "2", harness) == nil)
        #expect(try await reason(of: "1", harness) == nil)
    }

    private func reason(of job: String, _ harness: Harness) async throws -> String? {
        try await harness.catalog.explained([harness.job(job)]).first?.reason
    }

    // MARK: Quotas

    @Test("An owner has no more images than limits.owner.images; what failed, ended or was deleted does not count")
    func images() async throws {
        let harness = Harness(limits: CatalogLimits(ownerImages: 2))
        try await accept(harness, "1", "2", "3")
        #expect(try await harness.end(of: "3") == .failed(.quotaExceeded))
        #expect(try await harness.job("3").failure?.message == "owner a has 2 images; limits.owner.images is 2")
        try await accept(harness, "other", owner: "b")
        #expect(try await harness.end(of: "other") == .queued)

        let claimed = try await harness.claim(.import)
        try await harness.complete(try #require(claimed.first { $0.job.id.rawValue == "1" }))
        try await harness.accept(Harness.submission("cancel", Harness.cancel("2")))
        try await harness.catalog.cancel(try #require(claimed.first { $0.job.id.rawValue == "2" }).lease)
        try await accept(harness, "4", "5")
        #expect(try await harness.end(of: "4") == .queued)
        #expect(try await harness.end(of: "5") == .failed(.quotaExceeded))
        // The image of a cancelled import may be made again, if there is room.
        try await harness.accept(Harness.submission("2-again", importWork("image-2")))
        #expect(try await harness.end(of: "2-again") == .failed(.quotaExceeded))
        #expect(try await harness.image("image-2").status == .cancelled)

        try await harness.accept(Harness.submission("delete", Harness.delete("image-1")))
        let delete = try await harness.claimOne(.delete)
        _ = try await harness.catalog.beginDelete(delete.lease)
        try await accept(harness, "6")
        #expect(try await harness.end(of: "6") == .failed(.quotaExceeded))
        try await harness.catalog.completeDelete(delete.lease)
        try await harness.accept(Harness.submission("2-at-last", importWork("image-2")))
        #expect(try await harness.end(of: "2-at-last") == .queued)
    }

    @Test("Bytes are reserved when their number is known, so that two imports never exceed limits.owner.bytes")
    func bytesReserved() async throws {
        let harness = Harness(limits: CatalogLimits(ownerBytes: 1_000))
        try await accept(harness, "1", "2")
        try await accept(harness, "other", owner: "b")
        let claimed = try await harness.claim(.import)
        let leases = Dictionary(uniqueKeysWithValues: claimed.map { ($0.job.id.rawValue, $0.lease) })
        let (first, second, other) = (leases["1"], leases["2"], leases["other"])
        let store: StoreName = CatalogSamples.id("default")
        _ = try await harness.catalog.beginTransfer(try #require(first), to: store, expecting: 600)
        await #expect(throws: CatalogError(.quotaExceeded, "")) {
            _ = try await harness.catalog.beginTransfer(try #require(second), to: store, expecting: 401)
        }
        _ = try await harness.catalog.beginTransfer(try #require(other), to: store, expecting: 1_000)
        _ = try await harness.catalog.beginTransfer(try #require(second), to: store, expecting: 400)
        // A second store holds the same bytes once more.
        await #expect(throws: CatalogError(.quotaExceeded, "")) {
            _ = try await harness.catalog.beginTransfer(
                try #require(second), to: CatalogSamples.id("eu-2"), expecting: 400)
        }
        try await harness.catalog.fail(try #require(first), because: CatalogSamples.failure)
        _ = try await harness.catalog.beginTransfer(
            try #require(second), to: CatalogSamples.id("eu-2"), expecting: 400)
        #expect(try await usage(of: "a", harness) == OwnerUsage(images: 1, reservedBytes: 800))
    }

    @Test("A reservation outlives retries and crashes, and becomes the image's bytes when it is recorded")
    func bytesRecorded() async throws {
        let harness = Harness(limits: CatalogLimits(ownerBytes: Harness.result.content.size))
        try await accept(harness, "1", "2")
        let claimed = try await harness.claim(.import)
        let first = try #require(claimed.first)
        let store: StoreName = CatalogSamples.id("default")
        _ = try await harness.catalog.beginTransfer(first.lease, to: store, expecting: 7)
        try await harness.catalog.retry(
            first.lease, after: .zero, because: Failure(.storeUnavailable, "away", isRetryable: true))
        #expect(try await usage(of: "a", harness).reservedBytes == 7)
        let again = try await harness.claimOne(.import)
        let transfer = try #require(again.transfers.first)
        try await harness.catalog.beginCommit(again.lease, of: transfer.id, with: Harness.result)
        #expect(try await usage(of: "a", harness).reservedBytes == Harness.result.content.size)
        try await harness.catalog.completeImport(again.lease, result: Harness.result, replicas: [Harness.replica()])
        #expect(
            try await usage(of: "a", harness) == OwnerUsage(images: 2, bytes: Harness.result.content.size))
        // The other's size was not known: what it turned out to be is too much, and must not be committed.
        let second = try #require(claimed.last)
        let late = try await harness.catalog.beginTransfer(second.lease, to: store)
        await #expect(throws: CatalogError(.quotaExceeded, "")) {
            try await harness.catalog.beginCommit(second.lease, of: late.id, with: Harness.result)
        }
    }

    private func usage(of owner: String, _ harness: Harness) async throws -> OwnerUsage {
        let owner: AccountID = CatalogSamples.id(owner)
        return try await harness.catalog.read { try $0.usage(of: owner) }
    }
}
