import Catalog
import ImageModel
import JobMessages
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite("The intake and its gate", .timeLimit(.minutes(10)))
struct IntakeTests {
    private let catalog: ImageCatalog

    init() throws {
        let clock = AdjustableClock()
        let database = InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { clock.now })
        catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
    }

    /// Goal: a flood stays on the broker. Method: 500 imports wait on fake queues that hand out 10 at a time.
    @Test("A full backlog closes the queue: rows stay at the limit plus what was in flight")
    func gateCloses() async throws {
        let queues = FakeQueues(prefetch: 10)
        for number in 0..<500 { queues.publish(Self.importMessage("job-\(number)")) }
        await queues.startConsuming(.import)
        let intake = intake(queues, backlog: 50)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitUntilStopped(.import)
            queues.end()
        }
        let waiting = try await catalog.read { try $0.waitingCounts() }
        let rows = waiting[.import, default: 0]
        #expect((50...60).contains(rows), "\(rows) rows for a backlog of 50 and a prefetch of 10")
        #expect(queues.acknowledged == rows)
    }

    @Test("Cancels and deletes pass a closed gate, and the gate opens when there is room again")
    func gateLetsCancelsPass() async throws {
        let queues = FakeQueues(prefetch: 10)
        let gate = intake(queues, backlog: 1).gate
        _ = try await catalog.accept([Self.item("job-1")])
        await gate.adjust()
        #expect(queues.consumed == [.copy, .share, .update, .delete, .cancel])
        let claimed = try await catalog.claim(
            for: SeededRandomSource(seed: 2).identifier(), slots: [.import: 1], lease: .seconds(30)
        ).jobs
        #expect(claimed.count == 1)
        await gate.adjust()
        #expect(queues.consumed == Set(JobKind.allCases))
    }

    @Test("A drained gate never opens again")
    func gateStaysClosed() async throws {
        let queues = FakeQueues(prefetch: 10)
        let gate = intake(queues, backlog: 50).gate
        await gate.adjust()
        #expect(queues.consumed == Set(JobKind.allCases))
        let drain = DrainRequest()
        drain.request()
        await gate.keep(until: drain)
        await gate.adjust()
        #expect(queues.consumed.isEmpty)
    }

    /// Goal: large messages must not keep the catalog from all others for as long as a hundred of them take.
    @Test("A commit takes a few of the largest messages, and the next one the rest")
    func boundsCommits() async throws {
        let queues = FakeQueues(prefetch: 10)
        let body = [UInt8](repeating: 0xFF, count: 1 << 20)
        for _ in 0..<10 { queues.publish(IncomingMessage(body: body, routingKey: "import")) }
        let commits = CommitSizes()
        queues.onAcknowledge { commits.add($0) }
        await queues.startConsuming(.import)
        let intake = intake(queues, backlog: 50)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitForAcknowledged(10)
            queues.end()
        }
        #expect(commits.sizes == [4, 4, 2])
        let letters = try await catalog.read { try $0.unpublished(limit: 100) }
        #expect(letters.count { if case .deadLetter = $0.destination { true } else { false } } == 10)
    }

    @Test("A message is acknowledged only after the catalog has it")
    func acknowledgesAfterCommit() async throws {
        let queues = FakeQueues(prefetch: 10)
        queues.publish(Self.importMessage("job-1"))
        await queues.startConsuming(.import)
        let catalog = catalog
        queues.onAcknowledge { _ in
            let job = try? await catalog.read { rows in try JobID("job-1").flatMap(rows.job) }
            #expect(job?.state == .queued)
        }
        let intake = intake(queues, backlog: 50)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitForAcknowledged(1)
            queues.end()
        }
        #expect(queues.acknowledged == 1)
    }

    @Test("The kinds that were taken in are told once the catalog has them: a cancel must not wait for the next look")
    func tellsKinds() async throws {
        let queues = FakeQueues(prefetch: 10)
        queues.publish(Self.importMessage("job-1"))
        let cancel = #"{"version":1,"id":"cancel-1","kind":"cancel","job":{"id":"job-1"}}"#
        queues.publish(IncomingMessage(body: Array(cancel.utf8), routingKey: "cancel"))
        await queues.startConsuming(.import)
        await queues.startConsuming(.cancel)
        let told = Mutex<Set<JobKind>>([])
        let intake = intake(queues, backlog: 50) { kinds in told.withLock { $0.formUnion(kinds) } }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intake.run() }
            await queues.waitForAcknowledged(2)
            queues.end()
        }
        #expect(told.withLock { $0 } == [.import, .cancel])
        #expect(try await catalog.read { try $0.waitingCounts() }.isEmpty)
    }
}

extension IntakeTests {
    private func intake(
        _ queues: FakeQueues, backlog: Int, didAccept: @escaping @Sendable (Set<JobKind>) -> Void = { _ in }
    ) -> Intake<FakeQueues> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let plan = WorkerPlan(backlog: backlog)
        let gate = IntakeGate(queues: queues, catalog: catalog, plan: plan, time: HostTime(), logger: logger)
        return Intake(
            queues: queues, gate: gate, catalog: catalog, plan: plan, time: HostTime(), logger: logger,
            didAccept: didAccept)
    }

    private static func importMessage(_ id: String) -> IncomingMessage {
        let body = """
            {"version":1,"id":"\(id)","kind":"import","image":{"name":"n"},"source":{"url":"https://h.example/i"}}
            """
        return IncomingMessage(body: Array(body.utf8), routingKey: "import")
    }

    private static func item(_ id: String) throws -> IntakeItem {
        let message = importMessage(id)
        return .submission(
            try JobDecoder.decode(message), original: DeadLetter(body: message.body, routingKey: "import"))
    }
}

/// How many messages each commit took.
private final class CommitSizes: Sendable {
    private let state = Mutex<[Int]>([])

    var sizes: [Int] { state.withLock(\.self) }

    func add(_ size: Int) { state.withLock { $0.append(size) } }
}
