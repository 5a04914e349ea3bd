import Catalog
import ImageJobs
import ImageModel
import ImageSource
import ImageStore
import Synchronization
import TestSupport
import Testing

@Suite("Imports and the space of stores", .timeLimit(.minutes(10)))
struct CapacityTests {
    private static let unit = Int64(ScriptedSource.chunkSize)
    private let body = PatternBytes(size: 20 * unit + 7, seed: 5)

    private func attempt(_ harness: ImportHarness, in store: some ImageStore) async throws {
        var environment = harness.environment
        environment.stores = [store.name: store]
        try await JobRunner(environment: environment).run(harness.claim(), control: JobControl())
        harness.clock.advance(by: .seconds(65))
    }

    /// The attempt ended for want of space and left nothing, in the store or in the catalog.
    private func expectNoTrace(in harness: ImportHarness) async throws {
        #expect(try await harness.job.state == .retrying)
        #expect(try await harness.job.failure?.code == .capacityExceeded)
        #expect(harness.staged.isEmpty)
        #expect(try await harness.openTransfers.isEmpty)
        #expect(try await harness.promised == 0)
    }

    @Test("An image that is known not to fit is not fetched, and is imported once there is space")
    func knownSize() async throws {
        let first = ScriptedSource.Script(body: body, stop: (0, { Issue.record("a byte was asked for") }))
        let harness = try await ImportHarness(ScriptedSource(first, ScriptedSource.Script(body: body)))
        let store = BoundedStore(harness.store, freeBytes: body.size + 9, reserveBytes: 10)
        try await harness.accept([.sha256])
        try await attempt(harness, in: store)
        try await expectNoTrace(in: harness)
        let message = try await harness.job.failure?.message
        #expect(
            message?.hasPrefix("store default: 1.3 MiB needed, 1.3 MiB free, 0 B of it promised") == true,
            "\(message ?? "")")
        store.setFreeBytes(body.size + 10)
        try await attempt(harness, in: store)
        try await harness.expectWhole(body)
    }

    @Test("An image whose size nobody told takes space as it grows, and leaves nothing when there is no more")
    func unknownSize() async throws {
        let script = ScriptedSource.Script(body: body, tellsSize: false)
        let harness = try await ImportHarness(ScriptedSource(script))
        let store = BoundedStore(harness.store, freeBytes: 12 * Self.unit)
        try await harness.accept([.sha256])
        try await attempt(harness, in: store)
        try await expectNoTrace(in: harness)
        store.setFreeBytes(200 << 20)
        try await attempt(harness, in: store)
        try await harness.expectWhole(body)
        #expect(try await harness.promised == 0)
    }

    @Test("An import is promised all of a known size, and the first step of an unknown one", arguments: [true, false])
    func promise(tellsSize: Bool) async throws {
        let seen = Mutex<Int64>(0)
        let harness = try await ImportHarness(ScriptedSource(ScriptedSource.Script(body: body, tellsSize: tellsSize)))
        let store = BoundedStore(harness.store, freeBytes: 1 << 40) {
            let promised = try await harness.promised
            seen.withLock { $0 = promised }
        }
        try await harness.accept([.sha256])
        try await attempt(harness, in: store)
        #expect(seen.withLock { $0 } == (tellsSize ? body.size : 64 << 20))
        try await harness.expectWhole(body)
    }

    @Test("Who goes on with kept bytes asks for the rest alone; if that is not there, the bytes make room for others")
    func resumed() async throws {
        let cut: @Sendable () async throws -> Void = {
            throw SourceError(
                .sourceUnavailable, "closed for a minute", isTransient: true, retryAfter: .seconds(60))
        }
        let source = ScriptedSource(
            ScriptedSource.Script(body: body, tellsSize: false, stop: (10 * Self.unit, cut)),
            ScriptedSource.Script(body: body, tellsSize: false))
        let harness = try await ImportHarness(source)
        let store = BoundedStore(harness.store, freeBytes: 16 * Self.unit)
        try await harness.accept([.sha256])
        try await attempt(harness, in: store)
        #expect(harness.staged.count == 1)
        #expect(try await harness.promised == 6 * Self.unit)
        // Ten units lie there, six more are free and promised, and the image has more than ten to come.
        try await attempt(harness, in: store)
        #expect(source.offsets == [0, 10 * Self.unit])
        try await expectNoTrace(in: harness)
    }

    @Test("A store that fills up keeps nothing of the attempt, whatever was checkpointed")
    func fullStore() async throws {
        let source = ScriptedSource(ScriptedSource.Script(body: body))
        let harness = try await ImportHarness(source)
        let store = BoundedStore(harness.store, freeBytes: 1 << 40, appendsLeft: 9)
        try await harness.accept([.sha256])
        try await attempt(harness, in: store)
        try await expectNoTrace(in: harness)
        try await attempt(harness, in: harness.store)
        #expect(source.offsets == [0, 0])
        try await harness.expectWhole(body)
    }

    @Test("A worker that was frozen before it opened its staging leaves nothing when it wakes")
    func frozenBeforeOpening() async throws {
        let harness = try await ImportHarness(ScriptedSource(ScriptedSource.Script(body: body)))
        let store = BoundedStore(harness.store, freeBytes: nil) {
            // Meanwhile the lease ends, and a successor does it all.
            harness.clock.advance(by: .seconds(31))
            try await harness.attempt()
            #expect(try await harness.job.state == .succeeded)
        }
        try await harness.accept([.sha256])
        try await attempt(harness, in: store)
        try await harness.expectWhole(body)
    }
}

extension ImportHarness {
    var openTransfers: [Transfer] {
        get async throws { try await catalog.read { try $0.openTransfers(of: CatalogSamples.id("job-1")) } }
    }

    /// What is promised of the store.
    var promised: Int64 {
        get async throws { try await catalog.read { [store] in try $0.promises(in: store.name).outstanding } }
    }
}

/// A store that says how much is free of it, may be full after some chunks, and lets something happen before the first
/// staging is opened.
private final class BoundedStore: ForwardingStore {
    let base: any ImageStore
    private let free: Mutex<Int64?>
    private let appendsLeft: Int
    private let beforeStaging: Mutex<(@Sendable () async throws -> Void)?>
    let reserveBytes: Int64

    init(
        _ base: FileStore, freeBytes: Int64?, reserveBytes: Int64 = 0, appendsLeft: Int = .max,
        beforeStaging: (@Sendable () async throws -> Void)? = nil
    ) {
        self.base = base
        self.reserveBytes = reserveBytes
        self.appendsLeft = appendsLeft
        free = Mutex(freeBytes)
        self.beforeStaging = Mutex(beforeStaging)
    }

    func setFreeBytes(_ bytes: Int64) { free.withLock { $0 = bytes } }

    func freeBytes() async throws(StoreError) -> Int64? { free.withLock { $0 } }

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await beforeStaging.withLock { $0.take() }?()
        return try await base.withStaging(transfer, keeping: durableBytes, expectedSize: expectedSize) { staged in
            try await body(
                FillingStaging(base: staged, left: appendsLeft) { count in
                    self.free.withLock { free in free = free.map { $0 - Int64(count) } }
                })
        }
    }
}

private final class FillingStaging: ForwardingStaging {
    let base: any StagedImage
    private let left: Mutex<Int>
    private let take: @Sendable (Int) -> Void

    init(base: any StagedImage, left: Int, take: @escaping @Sendable (Int) -> Void) {
        self.base = base
        self.take = take
        self.left = Mutex(left)
    }

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        let isFull = left.withLock { left in
            left -= 1
            return left < 0
        }
        if isFull { throw StoreError(.capacityExceeded, "no space left on device", isTransient: true) }
        take(chunk.count)
        try await base.append(chunk)
    }
}
