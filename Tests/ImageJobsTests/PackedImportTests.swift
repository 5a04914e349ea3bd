import Catalog
import ImageJobs
import ImageModel
import ImageSource
import PackedImages
import Synchronization
import TestSupport
import Testing

@Suite("Imports of what is served packed", .timeLimit(.minutes(20)))
struct PackedImportTests {
    private static let unit = Int64(ScriptedSource.chunkSize)
    private let disk = PatternBytes(size: 20 * unit + 7, seed: 5)

    private func packed(_ seed: UInt64 = 5) -> [UInt8] {
        Packer.compress(PatternBytes(size: disk.size, seed: seed).bytes(at: 0, limit: Int(disk.size)), .gzip)
    }

    private func served(_ harness: ImportHarness) async throws -> SourceFacts {
        try #require(try await harness.job.source)
    }

    @Test("Digests and sizes are told of both, the served bytes and the stored ones", arguments: [true, false])
    func both(tellsSize: Bool) async throws {
        let packed = packed()
        let harness = try await ImportHarness(ScriptedSource(.init(bytes: packed, tellsSize: tellsSize)))
        let expected = try await digests(of: packed, [.sha1, .sha256])
        try await harness.accept(
            [.md5, .sha256], expecting: Expectations(size: Int64(packed.count), digests: Array(expected.prefix(1))))
        try await harness.attempt()
        try await harness.expectWhole(disk)
        let source = try await served(harness)
        #expect(source.wrapper == "gzip" && source.size == Int64(packed.count))
        #expect(source.digests == (try await digests(of: packed, [.md5, .sha1, .sha256])))
    }

    @Test("What came in several answers and does not unpack is fetched once more as a whole")
    func mixed() async throws {
        let (one, other) = (packed(), packed(6))
        let cut: @Sendable () async throws -> Void = {
            throw SourceError(.sourceUnavailable, "closed", isTransient: true)
        }
        let source = ScriptedSource(
            .init(bytes: one, stop: (9 * Self.unit, cut)), .init(bytes: other), .init(bytes: one))
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        try await harness.attempt()
        #expect(source.offsets == [0, 9 * Self.unit, 0])
        try await harness.expectWhole(disk)
    }

    @Test("An interrupted unpack leaves no checkpoint, and begins again")
    func interrupted() async throws {
        let packed = packed()
        let held = Held()
        let source = ScriptedSource(
            .init(bytes: packed, stop: (12 * Self.unit, { try await held.wait() })), .init(bytes: packed))
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        let control = JobControl()
        async let attempt: Void = harness.attempt(control)
        await held.reached()
        control.stop(.shutdown)
        try await attempt
        #expect(try await harness.checkpoint == nil)
        #expect(harness.staged.isEmpty)
        try await harness.attempt()
        #expect(source.offsets == [0, 0])
        try await harness.expectWhole(disk)
    }

    @Test("Space is taken as the disk grows beyond what is served")
    func space() async throws {
        let packed = Packer.compress(zeros: 3 << 20, .zstd)
        let harness = try await ImportHarness(ScriptedSource(.init(bytes: packed)))
        try await harness.accept([.sha256])
        try await harness.attempt()
        #expect(try await harness.job.state == .succeeded)
        #expect(try await harness.job.source?.size == Int64(packed.count))
        #expect(try await harness.promised == 0)
    }
}

/// A place where somebody waits until he is cancelled, and somebody else until he is there.
private final class Held: Sendable {
    private let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)

    func wait() async throws {
        arrival.yield()
        arrival.finish()
        try await Task.sleep(for: .seconds(3_600))
    }

    func reached() async {
        for await _ in arrivals { return }
    }
}
