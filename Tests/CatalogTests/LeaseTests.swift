import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Leases and attempts")
struct LeaseTests {
    let harness = Harness()

    @Test("A claim raises the fence, begins an attempt, announces it and moves the image")
    func claim() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let claimed = try await harness.claimOne(.import)
        #expect(claimed.lease.fence == 1 && claimed.job.attempt == 1)
        #expect(claimed.image?.status == .importing)
        #expect(claimed.job.worker == CatalogSamples.id("w-1"))
        #expect(try await harness.job("job-1") == claimed.job)
        #expect(try await harness.image() == claimed.image)
        #expect(try await harness.phases(of: "job-1") == [.accepted, .started])
        try await harness.catalog.giveBack(claimed.lease)
        #expect(try await harness.claimOne(.import).lease.fence == 2)
    }

    @Test("Every write with an old fence is told so and changes nothing")
    func fenced() async throws {
        try await harness.activeImage("image-1", stores: ["a", "b"])
        try await harness.accept(
            Harness.submission("i", Harness.importWork("image-2")), Harness.submission("s", Harness.share(.offer)))
        let lease = try await harness.claimOne(.import).lease
        let share = try await harness.claimOne(.share).lease
        let transfer = try await harness.catalog.beginTransfer(lease, to: CatalogSamples.id("default"))
        harness.clock.advance(by: .seconds(31))
        var successors = try await harness.claim(.import)
        successors += try await harness.claim(.share)
        #expect(successors.count == 2)
        let before = try await harness.outbox()
        let image = try await harness.image("image-2")
        let progress = JobProgress(stage: .fetching, bytes: 1, total: nil, bytesPerSecond: 0)
        let checkpoint = TransferCheckpoint(durableBytes: 1, source: SourceFacts(url: "https://h/p"))
        let catalog = harness.catalog
        let writes: [@Sendable () async throws -> Void] = [
            { _ = try await catalog.beginTransfer(lease, to: CatalogSamples.id("default")) },
            { try await catalog.noteCheckpoint(lease, of: [transfer.id], checkpoint) },
            { try await catalog.beginCommit(lease, of: transfer.id, with: Harness.result) },
            { _ = try await catalog.abandon(lease, transfer.id) },
            { _ = try await catalog.noteProgress(lease, progress, source: nil) },
            { try await catalog.completeImport(lease, result: Harness.result, replicas: []) },
            { try await catalog.retry(lease, after: .zero, because: CatalogSamples.failure) },
            { try await catalog.fail(lease, because: CatalogSamples.failure) },
            { try await catalog.cancel(lease) },
            { try await catalog.giveBack(lease) },
            { try await catalog.share(share) },
            { try await catalog.update(share) },
            { _ = try await catalog.beginDelete(share) },
            { try await catalog.completeDelete(share) },
        ]
        for write in writes { await #expect(throws: CatalogError(.fenced, "")) { try await write() } }
        #expect(try await catalog.renew([lease, share], by: .seconds(30)).isEmpty)
        #expect(try await harness.outbox() == before)
        #expect(try await harness.image("image-2") == image)
        for successor in successors { #expect(try await harness.job(successor.job.id.rawValue) == successor.job) }
    }

    @Test("Who renews never loses a job; who does not loses it when the lease ends, and the attempt goes on as started")
    func expiry() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let first = try await harness.claimOne(.import)
        for _ in 0..<10 {
            harness.clock.advance(by: .seconds(20))
            #expect(try await harness.catalog.renew([first.lease], by: .seconds(30)).count == 1)
            #expect(try await harness.claim(.import, worker: "w-2").isEmpty)
        }
        harness.clock.advance(by: .seconds(30))
        let second = try #require(try await harness.claim(.import, worker: "w-2").first)
        #expect(second.lease.fence > first.lease.fence)
        #expect(try await harness.phases(of: "job-1") == [.accepted, .started, .started])
        #expect(second.job.failedAttempts == 1)
    }

    @Test("A successor is told of the transfers that did not end")
    func transfers() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let first = try await harness.claimOne(.import)
        let kept = try await harness.catalog.beginTransfer(first.lease, to: CatalogSamples.id("a"))
        let gone = try await harness.catalog.beginTransfer(first.lease, to: CatalogSamples.id("b"))
        try await harness.catalog.beginCommit(first.lease, of: kept.id, with: Harness.result)
        _ = try await harness.catalog.abandon(first.lease, gone.id)
        #expect(try await harness.image().replicas.map(\.state) == [.copying, .pending])
        harness.clock.advance(by: .seconds(30))
        let transfers = try await harness.claimOne(.import).transfers
        #expect(transfers.map(\.id) == [kept.id])
        #expect(transfers.first?.state == .committing && transfers.first?.result == Harness.result)
    }

    @Test("Crashes without progress use attempts up; the last one fails the job with its cause")
    func crashes() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), maxAttempts: 3))
        for _ in 0..<3 {
            _ = try await harness.claimOne(.import)
            harness.clock.advance(by: .seconds(30))
        }
        #expect(try await harness.claim(.import).isEmpty)
        #expect(try await harness.end(of: "job-1") == .failed(.attemptsExhausted))
        #expect(try await harness.job("job-1").failure?.cause?.code == .internal)
        #expect(try await harness.image().status == .failed)
    }

    @Test("Crashes with progress use no attempt up, yet a job that kills every worker ends")
    func crashesWithProgress() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), maxAttempts: 2))
        let checkpoint = TransferCheckpoint(durableBytes: 9, source: SourceFacts(url: "https://h/p"))
        var crashes = 0
        while let claimed = try await harness.claim(.import).first, crashes < 20 {
            #expect(claimed.job.failedAttempts == max(0, crashes - 4))
            let transfer = try await harness.catalog.beginTransfer(claimed.lease, to: CatalogSamples.id("default"))
            try await harness.catalog.noteCheckpoint(claimed.lease, of: [transfer.id], checkpoint)
            harness.clock.advance(by: .seconds(30))
            crashes += 1
        }
        #expect(crashes == 6)
        #expect(try await harness.end(of: "job-1") == .failed(.attemptsExhausted))
    }

    @Test("Progress that no checkpoint keeps does not spare a crash; a checkpoint of an earlier attempt neither")
    func crashAfterOldCheckpoint() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let first = try await harness.claimOne(.import)
        let transfer = try await harness.catalog.beginTransfer(first.lease, to: CatalogSamples.id("default"))
        let checkpoint = TransferCheckpoint(durableBytes: 9, source: SourceFacts(url: "https://h/p"))
        try await harness.catalog.noteCheckpoint(first.lease, of: [transfer.id], checkpoint)
        harness.clock.advance(by: .seconds(30))
        let second = try await harness.claimOne(.import)
        #expect(second.job.failedAttempts == 0)
        #expect(second.transfers.first?.checkpoint?.durableBytes == 9)
        let progress = JobProgress(stage: .fetching, bytes: 10, total: nil, bytesPerSecond: 0)
        _ = try await harness.catalog.noteProgress(second.lease, progress, source: nil)
        harness.clock.advance(by: .seconds(30))
        #expect(try await harness.claimOne(.import).job.failedAttempts == 1)
    }

    @Test("A retry waits its time, counts, and at the limit fails with the last error as cause")
    func retries() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), maxAttempts: 2))
        var claimed = try await harness.claimOne(.import)
        try await harness.catalog.retry(claimed.lease, after: .seconds(5), because: CatalogSamples.failure)
        #expect(try await harness.job("job-1").state == .retrying)
        #expect(try await harness.image().status == .importing)
        #expect(try await harness.catalog.read { try $0.nextDue() } == harness.clock.now + .seconds(5))
        harness.clock.advance(by: .microseconds(4_999_999))
        #expect(try await harness.claim(.import).isEmpty)
        harness.clock.advance(by: .microseconds(1))
        claimed = try await harness.claimOne(.import)
        #expect(claimed.job.attempt == 2 && claimed.job.failedAttempts == 1)
        try await harness.catalog.retry(claimed.lease, after: .seconds(5), because: CatalogSamples.failure)
        #expect(try await harness.end(of: "job-1") == .failed(.attemptsExhausted))
        #expect(try await harness.job("job-1").failure?.cause?.code == .digestMismatch)
        #expect(
            try await harness.phases(of: "job-1") == [.accepted, .started, .retrying, .started, .failed])
    }

    @Test("A job that runs at its deadline is told so with the renewal, and fails")
    func deadline() async throws {
        let deadline = harness.clock.now + .seconds(10)
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), deadline: deadline))
        let lease = try await harness.claimOne(.import).lease
        _ = try await harness.catalog.beginTransfer(lease, to: CatalogSamples.id("default"))
        #expect(try await harness.catalog.renew([lease], by: .seconds(30)) == [lease: .good])
        harness.clock.advance(by: .seconds(10))
        #expect(try await harness.catalog.renew([lease], by: .seconds(30)) == [lease: .deadlinePassed])
        try await harness.catalog.expire(lease)
        #expect(try await harness.end(of: "job-1") == .failed(.deadlineExceeded))
        #expect(try await harness.image().status == .failed)
        #expect(try await harness.phases(of: "job-1") == [.accepted, .started, .failed])
        #expect(try await harness.catalog.read { try $0.abandonedTransfers(limit: 9) }.count == 1)
    }

    @Test("A cancel counts more than a deadline; what has begun to delete is completed after it")
    func deadlineOfOthers() async throws {
        try await harness.activeImage()
        let deadline = harness.clock.now + .seconds(10)
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork("image-2"), deadline: deadline),
            Harness.submission("delete-1", Harness.delete(), deadline: deadline))
        let leases = (
            import: try await harness.claimOne(.import).lease, delete: try await harness.claimOne(.delete).lease
        )
        harness.clock.advance(by: .seconds(10))
        #expect(try await harness.catalog.renew([leases.delete], by: .seconds(30)) == [leases.delete: .deadlinePassed])
        #expect(try await harness.catalog.beginDelete(leases.delete)?.isEmpty == false)
        #expect(try await harness.catalog.renew([leases.delete], by: .seconds(30)) == [leases.delete: .good])
        try await harness.catalog.expire(leases.delete)
        #expect(try await harness.end(of: "delete-1") == .queued)
        let again = try await harness.claimOne(.delete)
        _ = try await harness.catalog.beginDelete(again.lease)
        try await harness.catalog.completeDelete(again.lease)
        #expect(try await harness.end(of: "delete-1") == .succeeded)
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("job-1")))
        #expect(
            try await harness.catalog.renew([leases.import], by: .seconds(30)) == [leases.import: .cancelRequested])
        try await harness.catalog.expire(leases.import)
        #expect(try await harness.end(of: "job-1") == .cancelled)
    }

    @Test("A retry that would come after the deadline fails at once, with the last error as cause")
    func retryBeyondDeadline() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork(), deadline: harness.clock.now + .seconds(10)))
        let claimed = try await harness.claimOne(.import)
        try await harness.catalog.retry(claimed.lease, after: .seconds(10), because: CatalogSamples.failure)
        #expect(try await harness.end(of: "job-1") == .failed(.deadlineExceeded))
        #expect(try await harness.job("job-1").failure?.cause?.code == .digestMismatch)
    }

    @Test("Giving back counts nothing, however often")
    func giveBack() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), maxAttempts: 1))
        for _ in 0..<5 { try await harness.catalog.giveBack(harness.claimOne(.import).lease) }
        #expect(try await harness.job("job-1").failedAttempts == 0)
        #expect(try await harness.image().status == .importing)
        try await harness.complete(harness.claimOne(.import))
        #expect(try await harness.end(of: "job-1") == .succeeded)
    }

    @Test("The bytes shown never fall within an attempt, and begin anew with the next")
    func progress() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let first = try await harness.claimOne(.import)
        func note(_ bytes: Int64, _ lease: JobLease) async throws -> Int64? {
            let progress = JobProgress(stage: .fetching, bytes: bytes, total: 100, bytesPerSecond: 1)
            return try await harness.catalog.noteProgress(lease, progress, source: nil).data.progress?.bytes
        }
        #expect(try await note(50, first.lease) == 50)
        #expect(try await note(40, first.lease) == 50)
        try await harness.catalog.giveBack(first.lease)
        #expect(try await note(10, harness.claimOne(.import).lease) == 10)
        #expect(try await harness.phases(of: "job-1") == [.accepted, .started, .started])
    }

    @Test("An import becomes active with its content, replicas and event at once, or not at all")
    func completeImport() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let claimed = try await harness.claimOne(.import)
        await #expect(throws: CatalogError(.forbidden, "")) {
            try await harness.catalog.completeImport(
                claimed.lease, result: Harness.result, replicas: [Harness.replica("a")])
        }
        try await harness.complete(claimed, in: ["z", "a"])
        let image = try await harness.image()
        #expect(image.status == .active && image.content == Harness.result.content)
        #expect(image.replicas.map(\.store.rawValue) == ["a", "z"])
        #expect(try await harness.catalog.read { try $0.openTransfers(of: claimed.job.id) }.isEmpty)
        let event = try #require(try await harness.outbox().last?.event)
        #expect(event.topic == .image(.import, .completed) && event.data.image == image)
        #expect(event.data.job?.state == .succeeded)
        await #expect(throws: CatalogError(.fenced, "")) {
            try await harness.catalog.completeImport(claimed.lease, result: Harness.result, replicas: [])
        }
    }
}
