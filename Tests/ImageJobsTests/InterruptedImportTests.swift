import Catalog
import ImageInspection
import ImageJobs
import ImageModel
import ImageSource
import ImageStore
import TestSupport
import Testing

/// Digests of bytes at once.
func digests(of bytes: [UInt8], _ algorithms: [DigestAlgorithm]) async throws -> [Digest] {
    try await ImageDigests.withDigests(Set(algorithms)) { digests in
        for chunk in ImageBytes(bytes).chunks() { try await digests.update(chunk) }
        return try await digests.finish()
    }
}

@Suite("Imports that are interrupted", .timeLimit(.minutes(10)))
struct InterruptedImportTests {
    private static let unit = Int64(ScriptedSource.chunkSize)
    private let body = PatternBytes(size: 20 * unit + 7, seed: 5)

    private func script(
        _ body: PatternBytes? = nil, stopAfter units: Int64, _ event: @escaping @Sendable () async throws -> Void
    ) -> ScriptedSource.Script {
        ScriptedSource.Script(body: body ?? self.body, stop: (units * Self.unit, event))
    }

    /// Ends an attempt: a connection that is only cut would be made again.
    private static let cut: @Sendable () async throws -> Void = {
        throw SourceError(
            .sourceUnavailable, "closed for a minute", isTransient: true, retryAfter: .seconds(60))
    }

    @Test(
        "An error that may pass costs no byte that came before it, whatever is digested",
        arguments: [[.sha256], [.blake2b512], DigestAlgorithm.allCases] as [[DigestAlgorithm]])
    func cut(_ algorithms: [DigestAlgorithm]) async throws {
        let source = ScriptedSource(
            script(stopAfter: 3, Self.cut), script(stopAfter: 11, Self.cut), ScriptedSource.Script(body: body))
        let harness = try await ImportHarness(source)
        try await harness.accept(algorithms)
        try await harness.attempt()
        #expect(try await harness.checkpoint?.durableBytes == 3 * Self.unit)
        #expect(harness.staged.count == 1)
        for _ in 0..<2 { try await harness.attempt() }
        #expect(source.offsets == [0, 3 * Self.unit, 11 * Self.unit])
        try await harness.expectWhole(body)
    }

    @Test("What the last attempt brought goes before the job has failed")
    func lastAttempt() async throws {
        let harness = try await ImportHarness(ScriptedSource(script(stopAfter: 9, Self.cut)))
        try await harness.accept([.md5], maxAttempts: 2)
        for _ in 0..<2 { try await harness.attempt() }
        #expect(try await harness.job.failure?.code == .attemptsExhausted)
        #expect(harness.staged.isEmpty)
    }

    @Test("A worker that stops, or believes that its lease is lost, leaves all it has; a cancel leaves nothing")
    func stops() async throws {
        for reason in [StopReason.shutdown, .leaseLost, .cancelRequested] {
            let (control, journal) = (JobControl(), StoreJournal())
            let source = ScriptedSource(
                script(stopAfter: 6) {
                    // Beyond the checkpoint after four units, which is written beside the bytes.
                    await journal.waitForAppended(6 * Self.unit)
                    control.stop(reason)
                    try await Task.sleep(for: .seconds(600))
                }, ScriptedSource.Script(body: body))
            let harness = try await ImportHarness(source)
            try await harness.accept([.sha1, .sha512])
            try await harness.attempt(control, noting: journal)
            if reason == .cancelRequested {
                #expect(try await harness.job.state == .cancelled)
                #expect(harness.staged.isEmpty)
                continue
            }
            #expect(try await harness.job.state == (reason == .shutdown ? .queued : .running))
            harness.clock.advance(by: .seconds(30))
            try await harness.attempt()
            #expect(source.offsets == [0, 6 * Self.unit])
            #expect(try await harness.job.failedAttempts == 0)
            try await harness.expectWhole(body)
        }
    }

    @Test("An import that is stopped at its deadline fails with it, and leaves nothing")
    func deadline() async throws {
        let (control, journal) = (JobControl(), StoreJournal())
        let source = ScriptedSource(
            script(stopAfter: 6) {
                await journal.waitForAppended(6 * Self.unit)
                control.stop(.deadlinePassed)
                try await Task.sleep(for: .seconds(600))
            })
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256], deadline: harness.clock.now + .seconds(600))
        try await harness.attempt(control, noting: journal)
        #expect(try await harness.job.failure?.code == .deadlineExceeded)
        #expect(try await harness.phases == [.accepted, .started, .failed])
        #expect(harness.staged.isEmpty)
    }

    @Test("Another object, or one that has no ranges, is fetched from its beginning")
    func another() async throws {
        let other = PatternBytes(size: 9 * Self.unit, seed: 6)
        for next in [
            ScriptedSource.Script(body: other, etag: "\"v2\""), ScriptedSource.Script(body: other),
            ScriptedSource.Script(body: other, honoursRanges: false),
        ] {
            let source = ScriptedSource(script(stopAfter: 6, Self.cut), next)
            let harness = try await ImportHarness(source)
            try await harness.accept([.sha256])
            for _ in 0..<2 { try await harness.attempt() }
            #expect(source.offsets == [0, 6 * Self.unit, 0])
            try await harness.expectWhole(other)
        }
    }

    @Test("A staging that a frozen process holds is left alone; its bytes go once it is let go of")
    func heldElsewhere() async throws {
        let source = ScriptedSource(script(stopAfter: 6, Self.cut), ScriptedSource.Script(body: body))
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        try await harness.attempt()
        let transfer = try #require(harness.staged.first.flatMap(TransferID.init))
        try await harness.store.withStaging(transfer, keeping: 6 * Self.unit, expectedSize: nil) { staged in
            try await harness.attempt()
            #expect(staged.keptBytes == 6 * Self.unit)
            #expect(try await harness.job.state == .succeeded)
            #expect(harness.staged == [transfer.rawValue])
        }
        await JobRunner(environment: harness.environment).clearAbandonedTransfers()
        #expect(source.offsets == [0, 0])
        try await harness.expectWhole(body)
    }

    @Test("A staging that is shorter than its checkpoint is not trusted")
    func lostStaging() async throws {
        let source = ScriptedSource(script(stopAfter: 6, Self.cut), ScriptedSource.Script(body: body))
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        try await harness.attempt()
        try await harness.store.discard(try #require(harness.staged.first.flatMap(TransferID.init)))
        try await harness.attempt()
        #expect(source.offsets == [0, 0])
        try await harness.expectWhole(body)
    }

    @Test(
        "A bit that flips in staged bytes is noticed, wherever it is and whatever is digested; the import begins again",
        arguments: [[.sha256], [.md5], [.blake2b512], [.sha512, .blake2b512]] as [[DigestAlgorithm]])
    func flippedBit(_ algorithms: [DigestAlgorithm]) async throws {
        let kept = 6 * Self.unit
        for place in [0, 3 * Self.unit + 77, kept - 1] {
            let source = ScriptedSource(script(stopAfter: 6, Self.cut), ScriptedSource.Script(body: body))
            let harness = try await ImportHarness(source)
            try await harness.accept(algorithms)
            try await harness.attempt()
            #expect(try await harness.checkpoint?.durableBytes == kept)
            try harness.flipStagedBit(at: place)
            try await harness.attempt()
            #expect(source.offsets == [0, 0])
            try await harness.expectWhole(body)
            #expect(try await harness.job.failedAttempts == 1)
        }
    }

    @Test("A worker that stops while it reads staged bytes again leaves them; a cancel leaves nothing")
    func stopsWhileReadingAgain() async throws {
        for reason in [StopReason.shutdown, .cancelRequested] {
            let source = ScriptedSource(script(stopAfter: 6, Self.cut), ScriptedSource.Script(body: body))
            let harness = try await ImportHarness(source)
            try await harness.accept([.sha256])
            try await harness.attempt()
            let control = JobControl()
            var environment = harness.environment
            var store = JournalledStore(harness.store, StoreJournal(), clones: false, readLimit: 1) {
                control.stop(reason)
            }
            store.stopsInStaging = true
            environment.stores[store.name] = store
            try await JobRunner(environment: environment).run(harness.claim(), control: control)
            #expect(source.offsets == [0])
            #expect(harness.staged.isEmpty == (reason == .cancelRequested))
            guard reason == .shutdown else { continue }
            try await harness.attempt()
            #expect(source.offsets == [0, 6 * Self.unit])
            #expect(try await harness.job.failedAttempts == 1)
            try await harness.expectWhole(body)
        }
    }

    @Test("Staged bytes for which no midstate vouches are gone on with only when the digest of the whole is expected")
    func noMidstate() async throws {
        let whole = try await digests(of: body.bytes(at: 0, limit: Int(body.size)), [.sha256])
        for expectations in [Expectations(), Expectations(digests: whole)] {
            let source = ScriptedSource(script(stopAfter: 6, Self.cut), ScriptedSource.Script(body: body))
            let harness = try await ImportHarness(source)
            try await harness.accept([.sha256], expecting: expectations)
            try await harness.attempt()
            try await harness.forgetMidstates()
            try await harness.attempt()
            #expect(source.offsets == [0, expectations.digests.isEmpty ? 0 : 6 * Self.unit])
            try await harness.expectWhole(body)
        }
    }

    @Test("A cancel between two attempts leaves bytes that the next look removes")
    func cancelledBetween() async throws {
        let harness = try await ImportHarness(ScriptedSource(script(stopAfter: 6, Self.cut)))
        try await harness.accept([.sha256])
        try await harness.attempt()
        let cancel = JobRequest(
            id: CatalogSamples.id("job-2"), work: .cancel(CancelRequest(jobID: CatalogSamples.id("job-1"))))
        let submission = JobSubmission(request: cancel, canonicalForm: "{}")
        let original = DeadLetter(body: [], routingKey: "cancel")
        _ = try await harness.catalog.accept([.submission(submission, original: original)])
        #expect(try await harness.job.state == .cancelled)
        await JobRunner(environment: harness.environment).clearAbandonedTransfers()
        #expect(harness.staged.isEmpty)
        #expect(try await harness.catalog.read { try $0.abandonedTransfers(limit: 1) }.isEmpty)
    }
}
