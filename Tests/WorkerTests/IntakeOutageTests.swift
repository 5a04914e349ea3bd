import Catalog
import ImageModel
import JobMessages
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Worker

/// A catalog that cannot be written to for a while, although it may answer questions.
@Suite("The intake while the catalog is away", .timeLimit(.minutes(10)))
struct IntakeOutageTests {
    private let catalog: ImageCatalog
    private let database: ReadOnlyDatabase
    private let queues = FakeQueues(prefetch: 200)

    init() throws {
        let clock = AdjustableClock()
        database = ReadOnlyDatabase(
            InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { clock.now }))
        catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
    }

    /// Goal: an outage costs each message one redelivery, however long it lasts: a delivery limit of three must never be
    /// reached. Method: ten minutes pass, one second at a time, each with one failed attempt to commit.
    @Test(
        "However long the catalog takes no writes, everything is given back once and nothing consumed; then all is taken"
    )
    func minutesAway() async throws {
        for number in 0..<200 { queues.publish(Self.importMessage("job-\(number)")) }
        database.refuseWrites(600) { [queues] refused in
            if refused > 2 { #expect(queues.consumed.isEmpty) }
        }
        await queues.startConsuming(.import)
        let intake = intake(time: LeapingTime())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitForAcknowledged(200)
            queues.end()
        }
        #expect(queues.givenBack == 1)
        #expect(try await catalog.read { try $0.waitingCounts() }[.import] == 200)
    }

    @Test("An outage that is over within a minute costs no redelivery")
    func secondsAway() async throws {
        for number in 0..<20 { queues.publish(Self.importMessage("job-\(number)")) }
        database.refuseWrites(30) { _ in }
        await queues.startConsuming(.import)
        let intake = intake(time: LeapingTime())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitForAcknowledged(20)
            queues.end()
        }
        #expect(queues.givenBack == 0)
    }

    @Test("While commits fail the gate stays closed, although the catalog answers that there is room")
    func answersProveNothing() async throws {
        let gate = intake(time: LeapingTime()).gate
        await gate.adjust()
        #expect(queues.consumed == Set(JobKind.allCases))
        await gate.suspend()
        await gate.adjust()
        #expect(queues.consumed.isEmpty)
        await gate.resume()
        #expect(queues.consumed == Set(JobKind.allCases))
    }

    @Test("A catalog that does not even answer closes the gate, and its first answer opens it")
    func unanswered() async throws {
        let gate = intake(time: LeapingTime()).gate
        await gate.adjust()
        database.isDeaf = true
        await gate.adjust()
        #expect(queues.consumed.isEmpty)
        database.isDeaf = false
        await gate.adjust()
        #expect(queues.consumed == Set(JobKind.allCases))
    }

    private func intake(time: any TimeSource) -> Intake<FakeQueues> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let plan = WorkerPlan()
        let gate = IntakeGate(queues: queues, catalog: catalog, plan: plan, time: time, logger: logger)
        return Intake(
            queues: queues, gate: gate, catalog: catalog, plan: plan, time: time, logger: logger, didAccept: { _ in })
    }

    private static func importMessage(_ id: String) -> IncomingMessage {
        let body = """
            {"version":1,"id":"\(id)","kind":"import","image":{"name":"n"},"source":{"url":"https://h.example/i"}}
            """
        return IncomingMessage(body: Array(body.utf8), routingKey: "import")
    }
}

/// Time in which nobody waits: a sleep ends at once and has taken what it was to take.
private final class LeapingTime: TimeSource {
    private let moment = Mutex(Duration.zero)

    func now() -> Duration { moment.withLock { $0 } }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        moment.withLock { $0 += duration }
        await Task.yield()
    }
}

/// A database that refuses a number of writes, and answers questions unless it is deaf.
private final class ReadOnlyDatabase: CatalogDatabase {
    private struct State {
        var refusals = 0
        var refused = 0
        var isDeaf = false
        var onRefusal: @Sendable (Int) -> Void = { _ in }
    }

    private let base: any CatalogDatabase
    private let state = Mutex(State())

    init(_ base: any CatalogDatabase) {
        self.base = base
    }

    var isDeaf: Bool {
        get { state.withLock { $0.isDeaf } }
        set { state.withLock { $0.isDeaf = newValue } }
    }

    func refuseWrites(_ count: Int, onRefusal: @escaping @Sendable (Int) -> Void) {
        state.withLock { state in
            state.refusals = count
            state.onRefusal = onRefusal
        }
    }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        let refusal: (number: Int, observe: @Sendable (Int) -> Void)? = state.withLock { state in
            guard state.refused < state.refusals else { return nil }
            state.refused += 1
            return (state.refused, state.onRefusal)
        }
        if let refusal {
            refusal.observe(refusal.number)
            throw CatalogError(.unavailable, "the database is locked")
        }
        return try await base.write(body)
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        guard !isDeaf else { throw CatalogError(.unavailable, "nobody answers") }
        return try await base.read(body)
    }
}
