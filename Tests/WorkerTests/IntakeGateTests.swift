import Catalog
import ImageModel
import JobMessages
import Logging
import TestSupport
import Testing

@testable import Worker

@Suite("The gate and jobs that follow others", .timeLimit(.minutes(10)))
struct IntakeGateTests {
    private let clock = AdjustableClock()
    private let catalog: ImageCatalog
    private let queues = FakeQueues(prefetch: 4)

    init() throws {
        let database = InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { [clock] in clock.now })
        catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
    }

    @Test("Jobs that came before the one they follow do not keep it on the broker")
    func predecessorBehindItsFollowers() async throws {
        for number in 0..<30 { queues.publish(Self.importMessage("job-\(number)", after: ["last"])) }
        queues.publish(Self.importMessage("last"))
        try await takeIn(31, plan: WorkerPlan(backlog: 5))
        let last = try await catalog.read { rows in try JobID("last").flatMap(rows.job) }
        #expect(last?.state == .queued)
    }

    @Test("A chain that came backwards does not keep its head on the broker")
    func chainBackwards() async throws {
        for number in (1...30).reversed() {
            queues.publish(Self.importMessage("job-\(number)", after: ["job-\(number - 1)"]))
        }
        queues.publish(Self.importMessage("job-0"))
        try await takeIn(31, plan: WorkerPlan(backlog: 5))
        #expect(try await catalog.intakeLoad().isAtStandstill == false)
    }

    @Test("Jobs that follow others have a bound too: rows stay at it plus what was in flight")
    func followersAreBounded() async throws {
        for number in 0..<500 { queues.publish(Self.importMessage("job-\(number)", after: ["never"])) }
        let plan = WorkerPlan(backlog: 5)
        let intake = intake(plan)
        await queues.startConsuming(.import)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitUntilStopped(.import)
            queues.end()
        }
        let rows = try await catalog.intakeLoad().followers[.import, default: 0]
        #expect((50...54).contains(rows), "\(rows) rows for a bound of 50 and a prefetch of 4")
    }

    /// Shares wait for an image whose import waits for a share behind them: no count tells that, only the standstill.
    @Test("While nothing can move, the gate lets more in")
    func standstillOpensTheGate() async throws {
        let plan = WorkerPlan(backlog: 5)
        _ = try await catalog.accept([Self.item(Self.importMessage("import", after: ["last"]))])
        for number in 0..<20 { queues.publish(Self.shareMessage("share-\(number)", of: "image-of-import")) }
        _ = try await catalog.accept([Self.item(Self.importMessage("other"))])
        let claimed = try await catalog.claim(
            for: SeededRandomSource(seed: 2).identifier(), slots: [.import: 1], lease: .seconds(30)
        ).jobs
        let other = try #require(claimed.first)
        let intake = intake(plan)
        await queues.startConsuming(.share)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitUntilStopped(.share)
            try await catalog.fail(other.lease, because: Failure(.sourceNotFound, "no such object"))
            await intake.gate.adjust()
            #expect(queues.consumed.contains(.share))
            await queues.waitForAcknowledged(20)
            queues.end()
        }
    }

    @Test("When even that does not help, the oldest that follow unknown jobs fail, and others come in")
    func strandedJobsFail() async throws {
        for number in 0..<20 { queues.publish(Self.importMessage("job-\(number)", after: ["last"])) }
        queues.publish(Self.importMessage("last"))
        let plan = WorkerPlan(backlog: 1, poll: .seconds(1))
        let time = PassingTime()
        let intake = intake(plan, time: time)
        let drain = DrainRequest()
        await queues.startConsuming(.import)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitUntilStopped(.import)
            group.addTask { await intake.gate.keep(until: drain) }
            await queues.waitForAcknowledged(21)
            drain.request()
            queues.end()
        }
        #expect(time.now() > .seconds(60))
        let jobs = try await catalog.read { try $0.jobs(JobFilter()).reversed().map(End.init) }
        let refused = jobs.prefix { $0.code == .predecessorFailed }
        #expect((10...14).contains(refused.count))
        #expect(jobs.dropFirst(refused.count).dropLast().allSatisfy { $0.state == .deferred })
        #expect(jobs.last?.state == .queued)
    }

    @Test("Who saw room before others filled it does not open the gate again behind them")
    func staleLook() async throws {
        let held = HeldReads(
            InMemoryCatalogDatabase(id: try #require(CatalogID("held")), now: { [clock] in clock.now }))
        let catalog = ImageCatalog(database: held, random: SeededRandomSource(seed: 1))
        let gate = intake(WorkerPlan(backlog: 1), catalog: catalog).gate
        held.holdNext()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await gate.adjust() }
            await held.waitUntilHeld()
            _ = try await catalog.accept([Self.item(Self.importMessage("job-1"))])
            let hasEnded = Watched(false)
            group.addTask {
                await gate.adjust()
                hasEnded.change { $0 = true }
            }
            // It ends now, or waits for the first.
            for _ in 0..<10_000 where !hasEnded.value { await Task.yield() }
            held.letGo()
            try await group.waitForAll()
        }
        #expect(queues.consumed.contains(.delete))
        #expect(!queues.consumed.contains(.import))
    }

    private struct End {
        let state: JobState
        let code: FailureCode?

        init(_ job: Job) {
            state = job.state
            code = job.failure?.code
        }
    }
}

extension IntakeGateTests {
    private func intake(
        _ plan: WorkerPlan, catalog: ImageCatalog? = nil, time: any TimeSource = HostTime()
    ) -> Intake<FakeQueues> {
        let catalog = catalog ?? self.catalog
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let gate = IntakeGate(queues: queues, catalog: catalog, plan: plan, time: time, logger: logger)
        return Intake(
            queues: queues, gate: gate, catalog: catalog, plan: plan, time: time, logger: logger, didAccept: { _ in })
    }

    private func takeIn(_ count: Int, plan: WorkerPlan) async throws {
        let intake = intake(plan)
        await queues.startConsuming(.import)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitForAcknowledged(count)
            queues.end()
        }
    }

    private static func importMessage(_ id: String, after: [String] = []) -> IncomingMessage {
        message(
            "import",
            """
            {"version":1,"id":"\(id)","kind":"import","image":{"id":"image-of-\(id)","name":"n"},"after":\(after),
             "source":{"url":"https://h.example/i"}}
            """)
    }

    private static func shareMessage(_ id: String, of image: String) -> IncomingMessage {
        message(
            "share",
            """
            {"version":1,"id":"\(id)","kind":"share","image":{"id":"\(image)"},
             "share":{"action":"offer","member":"m-\(id)"}}
            """)
    }

    private static func message(_ kind: String, _ body: String) -> IncomingMessage {
        IncomingMessage(body: Array(body.utf8), routingKey: kind)
    }

    private static func item(_ message: IncomingMessage) throws -> IntakeItem {
        .submission(
            try JobDecoder.decode(message), original: DeadLetter(body: message.body, routingKey: message.routingKey))
    }
}
