import Catalog
import ImageJobs
import ImageModel
import JobMessages
import Logging
import TestSupport
import Testing

@testable import Worker

@Suite("No trouble ends a loop or holds it up", .timeLimit(.minutes(10)))
struct LivenessTests {
    private let clock = AdjustableClock()
    private let database: InMemoryCatalogDatabase
    private let queues = FakeQueues(prefetch: 2)
    private let time = PassingTime()

    init() throws {
        database = InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { [clock] in clock.now })
    }

    @Test("A catalog that cannot be used for a while makes no dead letters of good jobs", .timeLimit(.minutes(10)))
    func unusableCatalog() async throws {
        let troubled = TroubledDatabase(database, [.unusable, .unavailable, .unusable])
        try await takeIn(["a", "b"], through: troubled)
        #expect(try await jobs() == ["a", "b"])
        #expect(try await deadLetters() == 0)
    }

    @Test("The one message that the catalog cannot hold becomes a dead letter, and the others are taken in")
    func badMessage() async throws {
        try await takeIn(["bad", "good"], through: TroubledDatabase(database, [.corrupt, .corrupt, nil]))
        #expect(try await jobs() == ["good"])
        #expect(try await deadLetters() == 1)
        #expect(queues.rejected == 0)
    }

    @Test("A message of which the catalog cannot even hold the dead letter is left to the broker, and intake goes on")
    func worseMessage() async throws {
        try await takeIn(["bad", "good"], through: TroubledDatabase(database, [.corrupt, .corrupt, .corrupt, nil]))
        #expect(try await jobs() == ["good"])
        #expect(try await deadLetters() == 0)
        #expect(queues.rejected == 1)
        try await takeIn(["more-1", "more-2", "more-3"], through: TroubledDatabase(database, []))
        #expect(try await jobs() == ["good", "more-1", "more-2", "more-3"])
    }

    @Test("A renewal that failed is tried again long before the lease runs out")
    func renewalIsTriedAgain() async throws {
        let troubled = TroubledDatabase(
            database, [nil, nil, .unavailable, .unavailable, .unavailable, .unavailable, nil])
        let catalog = catalog(on: troubled)
        _ = try await catalog.accept([Self.item("a")])
        let worker: WorkerID = SeededRandomSource(seed: 2).identifier()
        let claimed = try #require(
            try await catalog.claim(for: worker, slots: [.import: 1], lease: .seconds(30)).jobs.first)
        let running = RunningJobs()
        let control = JobControl()
        running.add(claimed.lease, kind: .import, control: control, goodUntil: .seconds(30))
        let keeper = LeaseKeeper(
            catalog: catalog, plan: WorkerPlan(), time: time, running: running, pulse: Pulse(), wakeUp: WakeUp(),
            logger: Self.logger)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.renew() }
            while !troubled.isAtEnd { await Task.yield() }
            group.cancelAll()
        }
        #expect(running.stopExpired(at: .seconds(30)).isEmpty)
        #expect(control.reason == nil)
    }

    @Test("A job that runs at its deadline is stopped with the next renewal")
    func deadline() async throws {
        let catalog = catalog(on: database)
        let work = JobWork.import(
            ImportRequest(image: ImageSpecification(name: "n"), source: SourceLocation(url: "https://h.example/i")))
        let request = JobRequest(
            id: try #require(JobID("a")), deadline: clock.now + .seconds(5), work: work)
        _ = try await catalog.accept([
            .submission(
                JobSubmission(request: request, canonicalForm: "{}"),
                original: DeadLetter(body: [], routingKey: "import"))
        ])
        let worker: WorkerID = SeededRandomSource(seed: 2).identifier()
        let claimed = try #require(
            try await catalog.claim(for: worker, slots: [.import: 1], lease: .seconds(30)).jobs.first)
        let running = RunningJobs()
        let control = JobControl()
        running.add(claimed.lease, kind: .import, control: control, goodUntil: .seconds(30))
        clock.advance(by: .seconds(5))
        let keeper = LeaseKeeper(
            catalog: catalog, plan: WorkerPlan(), time: time, running: running, pulse: Pulse(), wakeUp: WakeUp(),
            logger: Self.logger)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.renew() }
            while control.reason == nil { await Task.yield() }
            group.cancelAll()
        }
        #expect(control.reason == .deadlinePassed)
    }
}

extension LivenessTests {
    private func takeIn(_ ids: [String], through troubled: TroubledDatabase) async throws {
        let before = queues.acknowledged
        for id in ids { queues.publish(Self.message(id)) }
        await queues.startConsuming(.import)
        let catalog = catalog(on: troubled)
        let gate = IntakeGate(queues: queues, catalog: catalog, plan: WorkerPlan(), time: time, logger: Self.logger)
        let intake = Intake(
            queues: queues, gate: gate, catalog: catalog, plan: WorkerPlan(), time: time, logger: Self.logger,
            didAccept: { _ in })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitForAcknowledged(before + ids.count)
            group.cancelAll()
            queues.end()
        }
        queues.goOn()
    }

    private func catalog(on database: any CatalogDatabase) -> ImageCatalog {
        ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
    }

    private func jobs() async throws -> [String] {
        try await catalog(on: database).read { try $0.jobs(JobFilter()).reversed().map(\.id.rawValue) }
    }

    private func deadLetters() async throws -> Int {
        try await catalog(on: database).read { rows in
            try rows.unpublished(limit: 100).count { if case .deadLetter = $0.destination { true } else { false } }
        }
    }

    private static var logger: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    private static func message(_ id: String) -> IncomingMessage {
        let body = """
            {"version":1,"id":"\(id)","kind":"import","image":{"name":"n"},"source":{"url":"https://h.example/i"}}
            """
        return IncomingMessage(body: Array(body.utf8), routingKey: "import")
    }

    private static func item(_ id: String) throws -> IntakeItem {
        .submission(
            try JobDecoder.decode(message(id)), original: DeadLetter(body: message(id).body, routingKey: "import"))
    }
}
