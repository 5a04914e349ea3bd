import Catalog
import ImageJobs
import ImageModel
import ImageSource
import TestSupport
import Testing

/// Bytes of the scripted bodies, in chunks.
private let unit = Int64(ScriptedSource.chunkSize)

extension ScriptedSource.Script {
    /// Serves until so many chunks are out, then fails as a connection that is cut.
    fileprivate func cut(after units: Int64, _ code: FailureCode = .sourceUnavailable) -> Self {
        failing(after: units, SourceError(code, "the connection was cut", isTransient: true))
    }

    fileprivate func failing(after units: Int64, _ error: SourceError) -> Self {
        var script = self
        script.stop = (units * unit, { throw error })
        return script
    }

    /// Answers an error instead of a body.
    fileprivate static func refusing(_ code: FailureCode, isTransient: Bool, retryAfter: Duration? = nil) -> Self {
        var script = ScriptedSource.Script(body: PatternBytes(size: 0, seed: 1))
        script.refusal = SourceError(code, "refused", isTransient: isTransient, retryAfter: retryAfter)
        return script
    }
}

@Suite("Connections that are cut while the process lives", .timeLimit(.minutes(10)))
struct ContinuedFetchTests {
    private let body = PatternBytes(size: 20 * unit + 7, seed: 5)
    private var good: ScriptedSource.Script { ScriptedSource.Script(body: body) }

    @Test(
        "The same attempt goes on where the connection was cut, and nobody is told",
        arguments: [FailureCode.sourceUnavailable, .sourceTruncated])
    func goesOn(_ code: FailureCode) async throws {
        let source = ScriptedSource(
            good.cut(after: 3, code), good.cut(after: 4, code),
            .refusing(.sourceUnavailable, isTransient: true), good.cut(after: 4, code), good)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256, .md5], maxAttempts: 1)
        try await harness.attempt()
        #expect(source.offsets == [0, 3 * unit, 4 * unit, 4 * unit, 4 * unit])
        #expect(try await harness.phases == [.accepted, .started, .completed])
        try await harness.expectWhole(body)
    }

    @Test("Bytes that come renew the patience, and the pauses grow only without them")
    func patience() async throws {
        let time = NotingTime()
        let cuts = (1...12).map { good.cut(after: $0) }
        let source = ScriptedSource(cuts + [good.cut(after: 12), good.cut(after: 12), good])
        let harness = try await ImportHarness(source, time: time)
        try await harness.accept([.sha256], maxAttempts: 1)
        try await harness.attempt()
        try await harness.expectWhole(body)
        #expect(time.waits.count == 14 && time.waits.allSatisfy { $0 <= .seconds(1) && $0 >= .milliseconds(500) })
    }

    @Test("Six cuts at the same place end the attempt; the next one goes on from its checkpoint")
    func exhausted() async throws {
        let source = ScriptedSource(
            [good.cut(after: 3)] + (1...4).map { _ in good.cut(after: 3, .sourceTruncated) } + [
                good.cut(after: 3), good,
            ])
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        try await harness.attempt()
        #expect(source.offsets == [0] + Array(repeating: 3 * unit, count: 5))
        #expect(try await harness.job.failure?.code == .sourceUnavailable)
        #expect(try await harness.checkpoint?.durableBytes == 3 * unit)
        try await harness.attempt()
        #expect(source.offsets.last == 3 * unit)
        #expect(try await harness.phases == [.accepted, .started, .retrying, .started, .completed])
        try await harness.expectWhole(body)
    }

    @Test("A body that ends at the same byte every time is truncated for good", arguments: [0, 3] as [Int64])
    func truncated(after units: Int64) async throws {
        let source = ScriptedSource(good.cut(after: units, .sourceTruncated))
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        try await harness.attempt()
        #expect(source.offsets == [0] + Array(repeating: units * unit, count: 5))
        #expect(try await harness.job.failure?.code == .sourceTruncated)
        #expect(try await harness.phases == [.accepted, .started, .failed])
        #expect(harness.staged.isEmpty)
    }

    @Test("A short Retry-After is waited for in the attempt, a long one ends it")
    func retryAfter() async throws {
        let time = NotingTime()
        let source = ScriptedSource(
            good.cut(after: 3), .refusing(.sourceUnavailable, isTransient: true, retryAfter: .seconds(7)),
            good.cut(after: 5), .refusing(.sourceUnavailable, isTransient: true, retryAfter: .seconds(31)), good)
        let harness = try await ImportHarness(source, time: time)
        try await harness.accept([.sha256])
        try await harness.attempt()
        #expect(time.waits.count == 3 && time.waits[1] == .seconds(7))
        #expect(try await harness.job.state == .retrying)
        try await harness.attempt()
        try await harness.expectWhole(body)
    }

    @Test("What is refused for good, as by a signed URL that has run out, is not asked for again")
    func refused() async throws {
        let source = ScriptedSource(good.cut(after: 3), .refusing(.sourceUnauthorized, isTransient: false), good)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        try await harness.attempt()
        #expect(source.offsets == [0, 3 * unit])
        #expect(try await harness.job.failure?.code == .sourceUnauthorized)
        #expect(harness.staged.isEmpty)
    }

    @Test("A server that ignores ranges sends the same object again: what is there of it is passed over")
    func ignoredRange() async throws {
        var plain = good
        plain.honoursRanges = false
        let source = ScriptedSource(plain.cut(after: 6), plain.cut(after: 4), plain)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256], maxAttempts: 1)
        try await harness.attempt()
        #expect(source.offsets == [0, 6 * unit, 6 * unit])
        #expect(try await harness.phases == [.accepted, .started, .completed])
        try await harness.expectWhole(body)
    }

    @Test("Another object begins again in the same attempt, and not a byte of two is mixed", arguments: [true, false])
    func changed(honoursRanges: Bool) async throws {
        let other = PatternBytes(size: 20 * unit + 7, seed: 6)
        var changed = ScriptedSource.Script(body: other, etag: "\"v2\"")
        changed.honoursRanges = honoursRanges
        let source = ScriptedSource(good.cut(after: 6), changed)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256], maxAttempts: 1)
        try await harness.attempt()
        #expect(source.offsets == [0, 6 * unit, 0])
        try await harness.expectWhole(other)
    }

    @Test("An object that changes again and again ends the attempt")
    func alwaysChanging() async throws {
        let versions = (1...4).map { ScriptedSource.Script(body: body, etag: "\"v\($0)\"").cut(after: 6) }
        let source = ScriptedSource(versions)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256])
        try await harness.attempt()
        #expect(source.offsets == [0, 6 * unit, 0, 6 * unit])
        #expect(try await harness.job.failure?.code == .sourceChanged)
        #expect(try await harness.job.state == .retrying)
        #expect(harness.staged.isEmpty)
    }

    @Test("Without a validator it begins again once; a body that is cut there again is truncated")
    func noValidator() async throws {
        var plain = good
        plain.etag = nil
        let mended = ScriptedSource(plain.cut(after: 6, .sourceTruncated), plain)
        let harness = try await ImportHarness(mended)
        try await harness.accept([.sha256], maxAttempts: 1)
        try await harness.attempt()
        #expect(mended.offsets == [0, 0])
        try await harness.expectWhole(body)

        let lying = ScriptedSource(plain.cut(after: 6, .sourceTruncated))
        let other = try await ImportHarness(lying)
        try await other.accept([.sha256])
        try await other.attempt()
        #expect(lying.offsets == [0, 0])
        #expect(try await other.job.failure?.code == .sourceTruncated)
        #expect(try await other.job.state == .failed)
    }

    @Test("While it waits to go on a stop leaves a checkpoint of all bytes, and a cancel leaves nothing")
    func stops() async throws {
        for reason in [StopReason.shutdown, .cancelRequested] {
            let (control, journal) = (JobControl(), StoreJournal())
            let time = NotingTime {
                await journal.waitForAppended(6 * unit)
                control.stop(reason)
                try await Task.sleep(for: .seconds(600))
            }
            let source = ScriptedSource(good.cut(after: 6), good)
            let harness = try await ImportHarness(source, time: time)
            try await harness.accept([.sha256], maxAttempts: 1)
            try await harness.attempt(control, noting: journal)
            guard reason == .shutdown else {
                #expect(try await harness.job.state == .cancelled)
                #expect(harness.staged.isEmpty)
                continue
            }
            #expect(try await harness.job.state == .queued)
            #expect(try await harness.checkpoint?.durableBytes == 6 * unit)
            try await harness.attempt()
            #expect(source.offsets == [0, 6 * unit])
            try await harness.expectWhole(body)
        }
    }
}

@Suite("Bytes that are not what was expected", .timeLimit(.minutes(10)))
struct RefetchTests {
    private let body = PatternBytes(size: 9 * unit + 7, seed: 5)
    private var good: ScriptedSource.Script { ScriptedSource.Script(body: body) }

    private func expectations(_ body: PatternBytes) async throws -> Expectations {
        let bytes = body.bytes(at: 0, limit: Int(body.size))
        return Expectations(digests: try await digests(of: bytes, [.sha512]))
    }

    @Test("One whole answer with another digest is what the source serves: it fails at once")
    func oneAnswer() async throws {
        let source = ScriptedSource(good)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256], expecting: expectations(PatternBytes(size: 5, seed: 1)))
        try await harness.attempt()
        #expect(source.offsets == [0])
        #expect(try await harness.job.failure?.code == .digestMismatch)
        #expect(harness.staged.isEmpty)
    }

    @Test("Several answers under one tag with another digest are fetched once more as one, whether that helps or not")
    func severalAnswers() async throws {
        for isMended in [true, false] {
            let mixed = ScriptedSource.Script(body: PatternBytes(size: body.size, seed: 6))
            let source = ScriptedSource(mixed.cut(after: 3), good, isMended ? good : mixed)
            let harness = try await ImportHarness(source)
            try await harness.accept([.sha256], expecting: expectations(body))
            try await harness.attempt()
            #expect(source.offsets == [0, 3 * unit, 0])
            guard !isMended else {
                try await harness.expectWhole(body)
                continue
            }
            #expect(try await harness.job.failure?.code == .digestMismatch)
            #expect(try await harness.phases == [.accepted, .started, .failed])
            #expect(harness.staged.isEmpty)
        }
    }

    @Test("So are bytes that went on from a checkpoint")
    func resumed() async throws {
        let mixed = ScriptedSource.Script(body: PatternBytes(size: body.size, seed: 6))
        let pause = SourceError(.sourceUnavailable, "away", isTransient: true, retryAfter: .seconds(60))
        let source = ScriptedSource(mixed.failing(after: 3, pause), good)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256], expecting: expectations(body))
        for _ in 0..<2 { try await harness.attempt() }
        #expect(source.offsets == [0, 3 * unit, 0])
        try await harness.expectWhole(body)
    }

    @Test("A body without a length may have ended early, and is fetched once more")
    func unknownLength() async throws {
        var short = ScriptedSource.Script(body: PatternBytes(size: 4 * unit, seed: 5))
        short.tellsSize = false
        let source = ScriptedSource(short, good)
        let harness = try await ImportHarness(source)
        try await harness.accept([.sha256], expecting: expectations(body))
        try await harness.attempt()
        #expect(source.offsets == [0, 0])
        try await harness.expectWhole(body)
    }

    @Test("Without a validator the expected digest lets a cut fetch go on, and begin again when it was wrong to")
    func unproven() async throws {
        for seed in [5, 6] as [UInt64] {
            var first = ScriptedSource.Script(body: PatternBytes(size: body.size, seed: seed))
            first.etag = nil
            var rest = good
            rest.etag = nil
            let source = ScriptedSource(first.cut(after: 3), rest)
            let harness = try await ImportHarness(source)
            try await harness.accept([.sha256], expecting: expectations(body), maxAttempts: 1)
            try await harness.attempt()
            #expect(source.offsets == (seed == 5 ? [0, 3 * unit] : [0, 3 * unit, 0]))
            try await harness.expectWhole(body)
        }
    }
}
