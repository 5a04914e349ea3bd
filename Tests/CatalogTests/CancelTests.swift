import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Cancels")
struct CancelTests {
    let harness = Harness()

    @Test("A cancel of a waiting job ends it and its image at once")
    func waitingJob() async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork()), Harness.submission("cancel-1", Harness.cancel("job-1")))
        #expect(try await harness.end(of: "job-1") == .cancelled)
        #expect(try await harness.end(of: "cancel-1") == .succeeded)
        #expect(try await harness.image().status == .cancelled)
        #expect(try await harness.phases(of: "job-1") == [.accepted, .cancelled])
        #expect(try await harness.phases(of: "cancel-1") == [.completed])
        #expect(try await harness.outbox().last?.event.imageID == CatalogSamples.id("image-1"))
        #expect(try await harness.claim(.import).isEmpty)
    }

    @Test("A cancel of a running job is told to its worker with the renewal, and the worker ends it")
    func runningJob() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let claimed = try await harness.claimOne(.import)
        #expect(try await harness.catalog.renew([claimed.lease], by: .seconds(30)) == [claimed.lease: .good])
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("job-1")))
        #expect(try await harness.job("job-1").state == .running)
        #expect(try await harness.catalog.cancelRequests(among: [claimed.lease]) == [claimed.lease])
        #expect(
            try await harness.catalog.renew([claimed.lease], by: .seconds(30)) == [claimed.lease: .cancelRequested])
        try await harness.catalog.cancel(claimed.lease)
        #expect(try await harness.image().status == .cancelled)
        #expect(try await harness.phases(of: "job-1") == [.accepted, .started, .cancelled])
    }

    @Test("However the attempt of a job ends whose end was asked for, it is cancelled and not tried again")
    func otherEndsAfterCancel() async throws {
        for end in 0..<3 {
            let (job, image) = ("job-\(end)", "image-\(end)")
            try await harness.accept(Harness.submission(job, Harness.importWork(image)))
            let claimed = try await harness.claimOne(.import)
            try await harness.accept(Harness.submission("cancel-\(end)", Harness.cancel(job)))
            switch end {
            case 0: try await harness.catalog.giveBack(claimed.lease)
            case 1: try await harness.catalog.retry(claimed.lease, after: .zero, because: CatalogSamples.failure)
            default:
                harness.clock.advance(by: .seconds(31))
                #expect(try await harness.claim(.import).isEmpty)
            }
            #expect(try await harness.end(of: job) == .cancelled)
            #expect(try await harness.image(image).status == .cancelled)
        }
    }

    @Test("Nothing comes of a job after a cancel was accepted, whatever it had done by then", arguments: 0..<4)
    func acceptedIsFinal(step: Int) async throws {
        try await harness.activeImage("image-0")
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork()), Harness.submission("job-2", Harness.copy("image-0")))
        let claims = (import: try await harness.claimOne(.import).lease, copy: try await harness.claimOne(.copy).lease)
        let (catalog, cancelled) = (harness.catalog, CatalogError(.cancelRequested, ""))
        let order = try await catalog.beginCopy(claims.copy)
        #expect(order?.store == CatalogSamples.id("eu-2"))
        let transfers = (
            import: try await catalog.beginTransfer(claims.import, to: CatalogSamples.id("default")).id,
            copy: try await catalog.beginTransfer(claims.copy, to: CatalogSamples.id("eu-2")).id
        )
        if step > 0 {
            try await catalog.beginCommit(claims.import, of: transfers.import, with: Harness.result)
            try await catalog.beginCommit(claims.copy, of: transfers.copy, with: Harness.result)
        }
        try await harness.accept(
            Harness.submission("cancel-1", Harness.cancel("job-1")),
            Harness.submission("cancel-2", Harness.cancel("job-2")))
        #expect(try await harness.end(of: "cancel-1") == .succeeded)
        switch step {
        case 0:
            await #expect(throws: cancelled) {
                try await catalog.beginCommit(claims.import, of: transfers.import, with: Harness.result)
            }
            await #expect(throws: cancelled) {
                try await catalog.beginCommit(claims.copy, of: transfers.copy, with: Harness.result)
            }
        case 1:
            await #expect(throws: cancelled) {
                try await catalog.completeImport(
                    claims.import, result: Harness.result, replicas: [Harness.replica()])
            }
            await #expect(throws: cancelled) {
                try await catalog.completeCopy(claims.copy, replica: Harness.replica("eu-2"))
            }
        default: break
        }
        for lease in [claims.import, claims.copy] {
            if step == 3 {
                try await catalog.fail(lease, because: CatalogSamples.failure)
            } else {
                try await catalog.cancel(lease)
            }
        }
        #expect(try await harness.end(of: "job-1") == .cancelled)
        #expect(try await harness.end(of: "job-2") == .cancelled)
        #expect(try await harness.image().status == .cancelled)
        #expect(try await harness.image("image-0").replicas.count == 1)
        #expect(try await catalog.read { try $0.abandonedTransfers(limit: 9) }.count == 2)
    }

    @Test("A cancel of a job that has ended fails")
    func finishedJob() async throws {
        try await harness.activeImage()
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("make-image-1")))
        #expect(try await harness.end(of: "cancel-1") == .failed(.jobFinished))
        #expect(try await harness.phases(of: "cancel-1") == [.failed])
    }

    @Test("A cancel of an unknown job completes and is remembered: the job is accepted and at once cancelled")
    func unknownJob() async throws {
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("job-1")))
        #expect(try await harness.end(of: "cancel-1") == .succeeded)
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        #expect(try await harness.end(of: "job-1") == .cancelled)
        #expect(try await harness.phases(of: "job-1") == [.accepted, .cancelled])
        #expect(try await harness.image().status == .cancelled)
    }

    @Test("A stranger can cancel a job neither after it came nor before")
    func strangers() async throws {
        try await harness.accept(Harness.submission("cancel-0", Harness.cancel("job-1"), account: "acct-9"))
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), account: "acct-1"))
        #expect(try await harness.end(of: "job-1") == .queued)
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("job-1"), account: "acct-9"))
        #expect(try await harness.end(of: "cancel-1") == .failed(.notOwner))
        #expect(try await harness.end(of: "job-1") == .queued)
        try await harness.accept(Harness.submission("cancel-2", Harness.cancel("job-1"), account: "acct-1"))
        #expect(try await harness.end(of: "job-1") == .cancelled)
    }

    @Test("The image's owner may cancel a job that another account sent")
    func owner() async throws {
        try await harness.accept(Harness.submission("job-1", Harness.importWork(owner: "acct-2"), account: "acct-1"))
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("job-1"), account: "acct-2"))
        #expect(try await harness.end(of: "job-1") == .cancelled)
    }

    @Test("A share or update whose end was asked for before it began changes nothing")
    func beforeItBegan() async throws {
        let image = try await harness.activeImage()
        try await harness.accept(Harness.submission("update-1", Harness.update(.name("new"))))
        let claimed = try await harness.claimOne(.update)
        try await harness.accept(Harness.submission("cancel-1", Harness.cancel("update-1")))
        try await harness.catalog.update(claimed.lease)
        #expect(try await harness.end(of: "update-1") == .cancelled)
        #expect(try await harness.image() == image)
    }
}
