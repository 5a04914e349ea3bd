import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Promised space")
struct SpaceTests {
    let harness = Harness()
    private let store: StoreName = CatalogSamples.id("default")
    private static let gib: Int64 = 1 << 30

    /// Claims imports that have just come.
    private func imports(_ count: Int) async throws -> [ClaimedJob] {
        for number in 1...count {
            try await harness.accept(Harness.submission("job-\(number)", Harness.importWork("image-\(number)")))
        }
        return try await harness.claim(.import)
    }

    private func measure(_ free: Int64, leaving reserve: Int64 = 0) async throws -> SpaceMeasurement? {
        try await harness.catalog.measureSpace(of: store, leaving: reserve) { free }
    }

    private func begin(_ claimed: ClaimedJob, _ bytes: Int64, _ space: SpaceMeasurement?) async throws -> Transfer {
        try await harness.catalog.beginTransfer(claimed.lease, to: store, .exactly(bytes), in: space)
    }

    private func outstanding() async throws -> Int64 {
        try await harness.catalog.read { [store] in try $0.promises(in: store).outstanding }
    }

    @Test("The same bytes are never promised to two imports; the refusal tells all values and records nothing")
    func twice() async throws {
        let jobs = try await imports(2)
        let first = try await begin(jobs[0], 6 * Self.gib, measure(10 * Self.gib, leaving: Self.gib))
        #expect(first.reservedBytes == 6 * Self.gib)
        let error = await #expect(throws: CatalogError(.noSpace, "")) {
            try await begin(jobs[1], 4 * Self.gib, measure(10 * Self.gib, leaving: Self.gib))
        }
        #expect(
            error?.message == """
                store default: 4.0 GiB needed, 10.0 GiB free, 6.0 GiB of it promised to other imports, 1.0 GiB kept \
                free (reserve_bytes)
                """)
        #expect(try await harness.catalog.read { try $0.openTransfers(of: jobs[1].job.id) }.isEmpty)
        #expect(try await harness.image("image-2").replicas.isEmpty)
        #expect(try await begin(jobs[1], 3 * Self.gib, measure(10 * Self.gib, leaving: Self.gib)).reservedBytes > 0)
    }

    @Test("What another store was promised does not count, nor does a store without bounds")
    func otherStores() async throws {
        let jobs = try await imports(2)
        _ = try await harness.catalog.beginTransfer(
            jobs[0].lease, to: CatalogSamples.id("other"), .exactly(9), in: measure(9))
        #expect(try await begin(jobs[0], 9, measure(9)).reservedBytes == 9)
        let unbounded = try await harness.catalog.measureSpace(of: store, leaving: 0) { nil }
        #expect(unbounded == nil)
        #expect(try await begin(jobs[1], .max, unbounded).reservedBytes == 0)
        #expect(try await outstanding() == 9)
    }

    @Test("Bytes that are known to be written count once: as not free")
    func written() async throws {
        let jobs = try await imports(2)
        let first = try await begin(jobs[0], 60, measure(100))
        try await harness.catalog.noteWritten(jobs[0].lease, of: [first.id], 20)
        try await harness.catalog.noteWritten(jobs[0].lease, of: [first.id], 10)
        #expect(try await outstanding() == 40)
        let checkpoint = TransferCheckpoint(durableBytes: 50, source: SourceFacts(url: "https://h/p"))
        try await harness.catalog.noteCheckpoint(jobs[0].lease, of: [first.id], checkpoint)
        #expect(try await outstanding() == 10)
        await #expect(throws: CatalogError(.noSpace, "")) { try await begin(jobs[1], 41, measure(50)) }
        #expect(try await begin(jobs[1], 40, measure(50)).reservedBytes == 40)
    }

    @Test("A measurement that others have written after is not believed for what they wrote")
    func staleMeasurement() async throws {
        let jobs = try await imports(3)
        let first = try await begin(jobs[0], 60, measure(100))
        let second = try await begin(jobs[1], 20, measure(100))
        let stale = try await measure(100)
        // Both wrote all of it, one ended with an object: 20 bytes are free now, and nothing is promised.
        try await harness.catalog.noteWritten(jobs[0].lease, of: [first.id], 60)
        try await harness.catalog.beginCommit(jobs[1].lease, of: second.id, with: Harness.result)
        try await harness.catalog.completeImport(
            jobs[1].lease, result: Harness.result, replicas: [Harness.replica("default")])
        #expect(try await outstanding() == 0)
        await #expect(throws: CatalogError(.noSpace, "")) { try await begin(jobs[2], 21, stale) }
        #expect(try await begin(jobs[2], 20, stale).reservedBytes == 20)
    }

    @Test("An image of unknown size is promised what it wants, or what there is, or is refused what it needs")
    func growing() async throws {
        let job = try await imports(1)[0]
        let catalog = harness.catalog
        let begun = try await catalog.beginTransfer(
            job.lease, to: store, SpaceDemand(least: 1, most: 64), in: measure(1_000))
        #expect(begun.reservedBytes == 64)
        let wanted = SpaceDemand(least: 65, most: 128)
        let grown = try await catalog.reserve(job.lease, of: begun.id, wanted, in: measure(1_000))
        #expect(grown.reservedBytes == 128)
        // 128 were promised; of 140 free bytes 12 are left for it.
        let rest = SpaceDemand(least: 130, most: 256)
        #expect(try await catalog.reserve(job.lease, of: begun.id, rest, in: measure(140)).reservedBytes == 140)
        await #expect(throws: CatalogError(.noSpace, "")) {
            _ = try await catalog.reserve(
                job.lease, of: begun.id, SpaceDemand(least: 141, most: 256), in: measure(140))
        }
        #expect(try await catalog.reserve(job.lease, of: begun.id, wanted, in: measure(0)).reservedBytes == 140)
        #expect(try await outstanding() == 140)
    }

    @Test("A promise outlives the attempt, for who goes on with its bytes, and counts again what is written again")
    func resumed() async throws {
        let first = try await imports(1)[0]
        let begun = try await begin(first, 100, measure(100))
        try await harness.catalog.noteWritten(first.lease, of: [begun.id], 80)
        try await harness.catalog.giveBack(first.lease)
        #expect(try await outstanding() == 20)
        let second = try await harness.claimOne(.import)
        #expect(second.transfers.first?.reservedBytes == 100)
        let resumed = try await harness.catalog.reserve(
            second.lease, of: begun.id, .exactly(100), in: measure(20), keptBytes: 64)
        #expect(resumed.reservedBytes == 100 && resumed.writtenBytes == 64)
        #expect(try await outstanding() == 36)
    }

    @Test("A promise ends with its transfer: given up, failed, cancelled, stored, or its worker gone for good")
    func ends() async throws {
        let jobs = try await imports(6)
        for job in jobs { _ = try await begin(job, 10, measure(60)) }
        #expect(try await outstanding() == 60)
        let catalog = harness.catalog
        let transfers = try await catalog.read { rows in try jobs.flatMap { try rows.openTransfers(of: $0.job.id) } }
        let abandoned = try await catalog.abandon(jobs[0].lease, transfers[0].id)
        #expect(try await outstanding() == 50)
        try await catalog.noteCleared([abandoned])
        try await catalog.fail(jobs[1].lease, because: CatalogSamples.failure)
        #expect(try await outstanding() == 40)
        try await catalog.cancel(jobs[2].lease)
        #expect(try await outstanding() == 30)
        try await catalog.beginCommit(jobs[3].lease, of: transfers[3].id, with: Harness.result)
        try await catalog.completeImport(
            jobs[3].lease, result: Harness.result, replicas: [Harness.replica("default")])
        #expect(try await outstanding() == 20)
        // The others crash until they have failed.
        for _ in 0..<20 {
            harness.clock.advance(by: .seconds(400))
            _ = try await harness.claim(.import)
        }
        #expect(try await harness.end(of: "job-6") == .failed(.attemptsExhausted))
        #expect(try await outstanding() == 0)
    }

    @Test("Who lost the lease is promised nothing")
    func fenced() async throws {
        let job = try await imports(1)[0]
        let begun = try await begin(job, 10, measure(60))
        let space = try await measure(60)
        harness.clock.advance(by: .seconds(31))
        _ = try await harness.claimOne(.import)
        let catalog = harness.catalog
        await #expect(throws: CatalogError(.fenced, "")) { try await begin(job, 10, space) }
        await #expect(throws: CatalogError(.fenced, "")) {
            _ = try await catalog.reserve(job.lease, of: begun.id, .exactly(20), in: space)
        }
        await #expect(throws: CatalogError(.fenced, "")) {
            try await catalog.noteWritten(job.lease, of: [begun.id], 5)
        }
        #expect(try await outstanding() == 10)
    }
}
