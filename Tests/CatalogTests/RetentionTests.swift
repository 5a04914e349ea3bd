import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("What is kept and what is not")
struct RetentionTests {
    private static let store: StoreName = CatalogSamples.id("default")

    /// Bytes that are `age` seconds old.
    private static func bytes(_ transfer: TransferID, _ key: String? = nil, age: Int, _ harness: Harness) -> StoredBytes
    {
        StoredBytes(transfer: transfer, objectKey: key, modifiedAt: harness.clock.now + .seconds(-age))
    }

    private static func unneeded(_ bytes: StoredBytes..., in harness: Harness) async throws -> [StoredBytes] {
        try await harness.catalog.unneeded(among: bytes, in: store, olderThan: .seconds(60))
    }

    @Test("Bytes of no known transfer are needed until they are old, also by a clock that is ahead")
    func unknown() async throws {
        let harness = Harness()
        let (young, old) = (
            Self.bytes(CatalogSamples.id("t-1"), age: 59, harness),
            Self.bytes(CatalogSamples.id("t-2"), age: 60, harness)
        )
        let ahead = Self.bytes(CatalogSamples.id("t-3"), age: -900, harness)
        #expect(try await Self.unneeded(young, old, ahead, in: harness) == [old])
    }

    @Test("Bytes of an unfinished job are needed, whatever their age")
    func unfinished() async throws {
        let harness = Harness()
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let claimed = try await harness.claimOne(.import)
        let transfer = try await harness.catalog.beginTransfer(claimed.lease, to: Self.store)
        let staged = Self.bytes(transfer.id, age: 9_000, harness)
        let object = Self.bytes(transfer.id, "k", age: 9_000, harness)
        #expect(try await Self.unneeded(staged, object, in: harness).isEmpty)
        await #expect(throws: CatalogError.self) { try await harness.catalog.noteSwept(transfer.id) }
        try await harness.catalog.fail(claimed.lease, because: Failure(.sourceDenied, "no"))
        #expect(try await Self.unneeded(staged, object, in: harness) == [staged, object])
        try await harness.catalog.noteSwept(transfer.id)
    }

    @Test("An object that is a replica is needed for ever, another of the same job is not")
    func replicas() async throws {
        let harness = Harness()
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        try await harness.complete(try await harness.claimOne(.import))
        let replica = Self.bytes(CatalogSamples.id("t-1"), "k", age: 9_000, harness)
        let other = Self.bytes(CatalogSamples.id("t-1"), "other", age: 9_000, harness)
        #expect(try await Self.unneeded(replica, other, in: harness) == [other])
    }

    @Test("A retry names the job it retries when that has ended and is of its kind; a mere look-alike does not")
    func retryOf() async throws {
        let harness = Harness()
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        try await harness.accept(Harness.submission("job-1~2", Harness.importWork("image-2")))
        #expect(try await harness.job("job-1~2").retryOf == nil)
        try await harness.accept(Harness.submission("stop", Harness.cancel("job-1")))
        try await harness.accept(Harness.submission("job-1~3", Harness.importWork()))
        #expect(try await harness.job("job-1~3").retryOf == CatalogSamples.id("job-1"))
        try await harness.accept(Harness.submission("job-1~4", Harness.delete()))
        #expect(try await harness.job("job-1~4").retryOf == nil)
        try await harness.accept(Harness.submission("job-1~x", Harness.importWork("image-3")))
        #expect(try await harness.job("job-1~x").retryOf == nil)
    }
}
