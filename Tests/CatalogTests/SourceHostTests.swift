import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Hosts of sources")
struct SourceHostTests {
    @Test(
        "are compared in one spelling",
        arguments: [
            ("https://Objects.Example:8443/b/u.qcow2", "objects.example"), ("http://h./", "h"),
            ("s3://Bucket/key", "bucket"),
            ("https://127.1/x", "127.0.0.1"), ("https://0x7f000001/", "127.0.0.1"), ("https://[::0001]:80/", "::1"),
            ("https://[2001:DB8::A]/", "2001:db8::a"), ("https://host?x", "host"), ("https://1host/", "1host"),
            ("https://127.0.0.1#x", "127.0.0.1"),
        ])
    func canonical(url: String, host: String) {
        let work = JobWork.import(
            ImportRequest(image: ImageSpecification(name: "n"), source: SourceLocation(url: url)))
        #expect(CatalogSamples.job("j", work).sourceHost == host)
    }

    @Test("are of imports alone")
    func others() {
        #expect(CatalogSamples.job("j", Harness.update(.name("n"))).sourceHost == nil)
    }
}

@Suite("A source host that keeps failing")
struct SourceHostRestTests {
    let harness = Harness()
    private static let away = Failure(.sourceUnavailable, "503", stage: .fetching, isRetryable: true)

    private func accept(_ ids: String..., host: String = "h.example") async throws {
        for id in ids {
            let work = JobWork.import(
                ImportRequest(
                    image: ImageSpecification(name: "n"), source: SourceLocation(url: "https://\(host)/\(id)")))
            try await harness.accept(Harness.submission(id, work))
        }
    }

    private func fail(_ claimed: ClaimedJob, _ failure: Failure = away) async throws {
        try await harness.catalog.retry(claimed.lease, after: .zero, because: failure)
    }

    /// Makes the host fail until it rests.
    private func exhaust() async throws {
        try await accept("a", "b", "c", "d", "e", "f")
        for claimed in try await harness.claim(.import, 5) { try await fail(claimed) }
    }

    private func health(_ host: String = "h.example") async throws -> HostHealth? {
        try await harness.catalog.read { try $0.health(ofHost: host) }
    }

    @Test("is given rest, during which its jobs wait, with a reason, and use no attempt up")
    func rest() async throws {
        try await exhaust()
        try await accept("other", host: "g.example")
        #expect(try await harness.claimOne(.import).job.id.rawValue == "other")
        let end = harness.clock.now + .seconds(10)
        let waiting = try await harness.catalog.explained([harness.job("a"), harness.job("f")])
        let reason = "source host h.example rests until \(end) after 5 failures in a row"
        #expect(waiting.map(\.reason) == [reason, reason])
        harness.clock.advance(by: .microseconds(9_999_999))
        #expect(try await harness.claim(.import).isEmpty)
        #expect(try await harness.job("f").attempt == 0)
        #expect(try await harness.job("a").failedAttempts == 1)
    }

    @Test("is tried by one probe after its rest; the others wait for what it finds out")
    func probe() async throws {
        try await exhaust()
        harness.clock.advance(by: .seconds(10))
        let probe = try await harness.claimOne(.import)
        #expect(try await harness.claim(.import, worker: "w-2").isEmpty)
        let waiting = try await harness.catalog.explained([harness.job("f")])
        #expect(
            waiting.first?.reason == "job \(probe.job.id) finds out whether source host h.example has recovered")
        try await harness.complete(probe)
        #expect(try await health() == nil)
        #expect(try await harness.claim(.import).count == 5)
    }

    @Test("is let in by the first bytes of the probe, and is as good as new after a whole fetch")
    func firstBytes() async throws {
        try await exhaust()
        harness.clock.advance(by: .seconds(10))
        let probe = try await harness.claimOne(.import)
        func note(_ bytes: Int64) async throws {
            let progress = JobProgress(stage: .fetching, bytes: bytes, total: nil, bytesPerSecond: 1)
            _ = try await harness.catalog.noteProgress(probe.lease, progress, source: nil)
        }
        try await note(0)
        #expect(try await harness.claim(.import).isEmpty)
        try await note(1)
        #expect(try await harness.claim(.import).count == 5)
        #expect(try await health()?.rests == 1)
        try await harness.complete(probe)
        #expect(try await health() == nil)
    }

    @Test("rests twice as long after every probe that fails, up to ten minutes")
    func growing() async throws {
        try await exhaust()
        for seconds in [10, 20, 40, 80, 160, 320, 600, 600] {
            harness.clock.advance(by: .seconds(seconds) - .microseconds(1))
            #expect(try await harness.claim(.import).isEmpty)
            harness.clock.advance(by: .microseconds(1))
            try await fail(try await harness.claimOne(.import))
        }
    }

    @Test("rests as long as it asks for")
    func retryAfter() async throws {
        try await accept("a", "b", "c", "d", "e")
        var failure = Self.away
        failure.retryAfter = .seconds(60)
        for claimed in try await harness.claim(.import) { try await fail(claimed, failure) }
        #expect(try await health()?.restUntil == harness.clock.now + .seconds(60))
    }

    @Test("gets another probe when the first one ends without an answer", arguments: 0..<3)
    func probeWithoutAnswer(ending: Int) async throws {
        try await exhaust()
        harness.clock.advance(by: .seconds(10))
        let probe = try await harness.claimOne(.import)
        switch ending {
        case 0: try await harness.catalog.giveBack(probe.lease)
        case 1: try await harness.catalog.cancel(probe.lease)
        default: harness.clock.advance(by: .seconds(31))
        }
        #expect(try await harness.claim(.import).count == 1)
        #expect(try await health()?.rests == 1)
    }

    @Test("is not what refuses one object, nor what is not asked at all")
    func otherFailures() async throws {
        try await accept("a", "b", "c", "d", "e", "f")
        let claimed = try await harness.claim(.import)
        for job in claimed[..<4] { try await fail(job) }
        try await fail(claimed[4], Failure(.storeUnavailable, "away", isRetryable: true))
        #expect(try await health()?.failures == 4)
        // It answers: the count begins anew.
        try await harness.catalog.fail(claimed[5].lease, because: Failure(.sourceNotFound, "404"))
        #expect(try await health() == nil)
    }

    @Test("is judged by what began after its rest; what began before prolongs nothing")
    func lateFailures() async throws {
        try await accept("a", "b", "c", "d", "e", "f", "g")
        let claimed = try await harness.claim(.import)
        for job in claimed[..<5] { try await fail(job) }
        let end = try await health()?.restUntil
        harness.clock.advance(by: .seconds(5))
        for job in claimed[5...] { try await fail(job) }
        #expect(try await health()?.restUntil == end)
    }

    @Test("begins anew when it has not failed for an hour")
    func memory() async throws {
        try await accept("a", "b", "c", "d", "e")
        let claimed = try await harness.claim(.import)
        for job in claimed[..<4] { try await fail(job) }
        _ = try await harness.catalog.renew([claimed[4].lease], by: .seconds(7_200))
        harness.clock.advance(by: .seconds(3_601))
        try await fail(claimed[4])
        #expect(try await health()?.failures == 1)
    }
}
