import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Who waits for whom")
struct OrderTests {
    let harness = Harness()

    @Test("A job runs after all it names have succeeded, and not before")
    func chain() async throws {
        try await harness.activeImage("image-0")
        try await harness.accept(
            Harness.submission("c", Harness.update(.name("c"), of: "image-0"), after: ["a", "b"]),
            Harness.submission("a", Harness.importWork("image-a")))
        #expect(try await harness.end(of: "c") == .deferred)
        try await harness.accept(Harness.submission("b", Harness.importWork("image-b")))
        let claimed = try await harness.claim(.import)
        try await harness.complete(claimed[0])
        #expect(try await harness.job("c").reason == "after job b")
        try await harness.complete(claimed[1])
        #expect(try await harness.end(of: "c") == .queued)
    }

    @Test("A job whose predecessor failed fails with it, and so do those behind it, however many")
    func predecessorFailed() async throws {
        let count = 300
        try await harness.accept(Harness.submission("job-0", Harness.importWork("image-0")))
        for number in 1...count {
            try await harness.accept(
                Harness.submission(
                    "job-\(number)", Harness.importWork("image-\(number)"), after: ["job-\(number - 1)"]))
        }
        let claimed = try await harness.claimOne(.import)
        try await harness.catalog.fail(claimed.lease, because: Failure(.sourceNotFound, "no such object"))
        for number in [1, 2, count] {
            #expect(try await harness.end(of: "job-\(number)") == .failed(.predecessorFailed))
            #expect(try await harness.image("image-\(number)").status == .failed)
        }
        #expect(try await harness.job("job-1").failure?.cause?.code == .sourceNotFound)
    }

    @Test("Jobs that follow unknown ones are given up only when nothing else can move, the oldest first")
    func stranded() async throws {
        try await harness.accept(
            Harness.submission("a", Harness.importWork("image-a"), after: ["unknown"]),
            Harness.submission("b", Harness.importWork("image-b"), after: ["a"]),
            Harness.submission("c", Harness.importWork("image-c"), after: ["unknown"]),
            Harness.submission("d", Harness.importWork("image-d")))
        #expect(try await harness.catalog.refuseStranded(limit: 1) == 0)
        let moving = try await harness.claimOne(.import)
        #expect(try await harness.catalog.refuseStranded(limit: 1) == 0)
        try await harness.complete(moving)
        try await harness.accept(Harness.submission("e", Harness.share(.offer, of: "image-e")))
        #expect(try await harness.catalog.refuseStranded(limit: 1) == 0, "an unknown image is waited for a while only")
        try await harness.accept(Harness.submission("cancel-e", Harness.cancel("e")))
        #expect(try await harness.catalog.refuseStranded(limit: 1) == 1)
        #expect(try await harness.end(of: "a") == .failed(.predecessorFailed))
        #expect(try await harness.end(of: "b") == .failed(.predecessorFailed))
        #expect(try await harness.end(of: "c") == .deferred)
    }

    @Test("With after_failed a job runs although its predecessor failed or was cancelled")
    func afterFailed() async throws {
        try await harness.accept(
            Harness.submission("a", Harness.importWork("image-a")),
            Harness.submission("b", Harness.importWork("image-b"), after: ["a"], runsAfterFailure: true),
            Harness.submission("cancel-a", Harness.cancel("a")))
        #expect(try await harness.end(of: "b") == .queued)
    }

    @Test("A job on an unknown image waits for the grace, then fails")
    func unknownImage() async throws {
        for (id, work) in [
            ("u", Harness.update(.name("n"))), ("s", Harness.share(.offer)), ("d", Harness.delete()),
            ("c", Harness.copy()),
        ] {
            try await harness.accept(Harness.submission(id, work))
            #expect(try await harness.end(of: id) == .deferred)
        }
        let due = try await harness.catalog.read { try $0.nextDue() }
        #expect(due == harness.clock.now + .seconds(60))
        harness.clock.advance(by: .seconds(59))
        _ = try await harness.claim(.update)
        #expect(try await harness.end(of: "u") == .deferred)
        harness.clock.advance(by: .seconds(1))
        _ = try await harness.claim(.update)
        for id in ["u", "s", "d", "c"] { #expect(try await harness.end(of: id) == .failed(.imageNotFound)) }
    }

    @Test("A job on an image that comes within the grace waits for it to become active, and runs")
    func imageWithinGrace() async throws {
        try await harness.accept(Harness.submission("u", Harness.update(.name("n"))))
        try await harness.accept(Harness.submission("job-1", Harness.importWork()))
        let claimed = try await harness.claimOne(.import)
        harness.clock.advance(by: .seconds(20))
        #expect(try await harness.job("u").reason == "image image-1 is queued")
        try await harness.complete(claimed)
        #expect(try await harness.claimOne(.update).job.id == CatalogSamples.id("u"))
    }

    @Test("Copies, shares and updates wait for an import and fail with it", arguments: [true, false])
    func waitForActive(succeeds: Bool) async throws {
        try await harness.accept(
            Harness.submission("job-1", Harness.importWork()), Harness.submission("c", Harness.copy()),
            Harness.submission("s", Harness.share(.offer)), Harness.submission("u", Harness.update(.name("n"))))
        let claimed = try await harness.claimOne(.import)
        for id in ["c", "s", "u"] { #expect(try await harness.end(of: id) == .deferred) }
        if succeeds {
            try await harness.complete(claimed)
            #expect(try await harness.end(of: "c") == .queued)
            #expect(try await harness.end(of: "s") == .queued)
            #expect(try await harness.end(of: "u") == .deferred)
        } else {
            try await harness.catalog.fail(claimed.lease, because: CatalogSamples.failure)
            for id in ["c", "s", "u"] { #expect(try await harness.end(of: id) == .failed(.imageNotActive)) }
        }
    }

    @Test("Shares and updates of one image run one after another, as accepted; copies run beside them")
    func oneAfterAnother() async throws {
        try await harness.activeImage()
        let ids = (0..<20).map { "u-\($0)" }
        for id in ids { try await harness.accept(Harness.submission(id, Harness.update(.name(id)))) }
        try await harness.accept(Harness.submission("c", Harness.copy()))
        #expect(try await harness.claimOne(.copy).job.id == CatalogSamples.id("c"))
        for id in ids {
            let claimed = try await harness.claimOne(.update)
            #expect(claimed.job.id.rawValue == id)
            try await harness.catalog.update(claimed.lease)
        }
        #expect(try await harness.image().details.name == "u-19")
        #expect(try await harness.claim(.update).isEmpty)
    }

    @Test("A job that waits for its predecessor holds up nobody on its image, least of all that predecessor")
    func noDeadlock() async throws {
        try await harness.activeImage()
        try await harness.accept(
            Harness.submission("u-1", Harness.update(.name("last")), after: ["u-2"]),
            Harness.submission("d-1", Harness.delete(), after: ["u-1"]),
            Harness.submission("u-2", Harness.update(.name("first"))))
        try await harness.catalog.update(harness.claimOne(.update).lease)
        #expect(try await harness.end(of: "u-2") == .succeeded)
        try await harness.catalog.update(harness.claimOne(.update).lease)
        #expect(try await harness.image().details.name == "last")
        #expect(try await harness.claimOne(.delete).job.id == CatalogSamples.id("d-1"))
    }

    @Test("A copy, share or update that comes while a delete is unfinished fails")
    func behindDelete() async throws {
        try await harness.activeImage()
        try await harness.accept(
            Harness.submission("d", Harness.delete()), Harness.submission("c", Harness.copy()),
            Harness.submission("s", Harness.share(.offer)), Harness.submission("u", Harness.update(.name("n"))))
        for id in ["c", "s", "u"] { #expect(try await harness.end(of: id) == .failed(.imageNotActive)) }
    }

    @Test("The best priority goes first, then who came first, and a worker gets no more than it asked for")
    func priority() async throws {
        for (id, priority) in [("a", 0), ("b", 4), ("c", 9), ("d", 4)] {
            try await harness.accept(
                Harness.submission(id, Harness.importWork("image-\(id)"), priority: priority))
        }
        #expect(try await harness.claim(.import, 3).map(\.job.id.rawValue) == ["c", "b", "d"])
        #expect(try await harness.claim(.import, 3).map(\.job.id.rawValue) == ["a"])
        #expect(try await harness.claim(.import, 3).isEmpty)
    }

    @Test("A waiting job fails at its deadline, even on arrival")
    func deadline() async throws {
        let deadline = harness.clock.now + .seconds(10)
        try await harness.accept(
            Harness.submission("a", Harness.importWork("image-a"), deadline: deadline),
            Harness.submission("b", Harness.importWork("image-b"), after: ["nobody"], deadline: deadline),
            Harness.submission("c", Harness.update(.name("n")), deadline: deadline))
        harness.clock.advance(by: .seconds(10))
        #expect(try await harness.claim(.import).isEmpty)
        try await harness.accept(Harness.submission("d", Harness.importWork("image-d"), deadline: deadline))
        for id in ["a", "b", "c", "d"] { #expect(try await harness.end(of: id) == .failed(.deadlineExceeded)) }
        #expect(try await harness.image("image-b").status == .failed)
    }
}
