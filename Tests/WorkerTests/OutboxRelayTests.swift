import Catalog
import ImageModel
import JobMessages
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite("The relay of the outbox", .timeLimit(.minutes(10)))
struct OutboxRelayTests {
    private let catalog: ImageCatalog
    private let clock: AdjustableClock
    private let drain = DrainRequest()

    init() throws {
        let clock = AdjustableClock()
        self.clock = clock
        let database = InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { clock.now })
        catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
    }

    @Test("Sends what waits, once each, and then the outbox is empty")
    func sends() async throws {
        try await accept("job-1", "job-2")
        let exchange = HeldExchange()
        drain.request()
        await relay(exchange).run(until: drain)
        #expect(exchange.published.compactMap(\.correlationID).sorted() == ["job-1", "job-2"])
        #expect(try await unpublished().isEmpty)
    }

    @Test("To drain cuts no publish off: what waits for its confirm is not sent twice")
    func drains() async throws {
        try await accept("job-1")
        let exchange = HeldExchange(isHeld: true)
        let relay = relay(exchange)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(1)
            drain.request()
            relay.wakeUp.signal()
            exchange.release()
        }
        #expect(exchange.published.count == 1)
        #expect(try await unpublished().isEmpty)
    }

    @Test("Of one image's events none goes out before the one before it was confirmed")
    func keepsOrder() async throws {
        try await accept("job-1")
        try await claim()
        let exchange = HeldExchange(isHeld: true)
        let relay = relay(exchange)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(1)
            #expect(exchange.published.map(\.routingKey) == ["image.import.accepted._"])
            exchange.release()
            await exchange.waitForPublished(2)
            drain.request()
            relay.wakeUp.signal()
        }
        #expect(exchange.published.map(\.routingKey) == ["image.import.accepted._", "image.import.started._"])
    }

    @Test("What is not confirmed holds up its own image only, and goes again under the same id")
    func resends() async throws {
        try await accept(["job-1"], owner: "held")
        try await accept(["job-2"], owner: "free")
        try await claim(2)
        let exchange = HeldExchange()
        exchange.refuse(["image.import.accepted.held"])
        let relay = relay(exchange)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(1, under: "image.import.started.free")
            await exchange.waitForPublished(2, under: "image.import.accepted.held")
            #expect(!exchange.published.contains { $0.routingKey == "image.import.started.held" })
            exchange.refuse([])
            await exchange.waitForPublished(1, under: "image.import.started.held")
            drain.request()
            relay.wakeUp.signal()
        }
        let held = exchange.published.filter { $0.routingKey.hasSuffix(".held") }
        #expect(held.last?.routingKey == "image.import.started.held")
        #expect(Set(held.dropLast().map(\.messageID)).count == 1)
        #expect(exchange.published.count { $0.routingKey.hasSuffix(".free") } == 2)
        #expect(try await unpublished().isEmpty)
    }

    /// Goal: a subscriber whose queue takes nothing stops nobody else's events, however many of its own wait in front.
    @Test("Behind more entries than a page holds, none of which can go out, the next one goes out")
    func pagesOn() async throws {
        try await accept((1...600).map { "job-\($0)" }, owner: "stuck")
        try await accept(["job-behind"], owner: "other")
        let exchange = HeldExchange()
        exchange.refuse(["image.import.accepted.stuck"])
        let relay = relay(exchange)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(1, under: "image.import.accepted.other")
            // What comes while others are stuck goes out as well, and those are tried again.
            try await accept(["job-new"], owner: "other")
            relay.wakeUp.signal()
            await exchange.waitForPublished(2, under: "image.import.accepted.other")
            await exchange.waitForPublished(1_201, under: "image.import.accepted.stuck")
            exchange.refuse([])
            while try await !unpublished().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            drain.request()
            relay.wakeUp.signal()
        }
        let ids = Set(exchange.published.map(\.messageID))
        #expect(ids.count == 602)
    }

    @Test("An image's event does not overtake one that is stuck pages before it")
    func keepsOrderAcrossPages() async throws {
        try await accept(["job-stuck"], owner: "stuck")
        try await accept((1...300).map { "job-\($0)" }, owner: "other")
        try await claim(301)
        let exchange = HeldExchange()
        exchange.refuse(["image.import.accepted.stuck"])
        let relay = relay(exchange)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(300, under: "image.import.accepted.other")
            await exchange.waitForPublished(3, under: "image.import.accepted.stuck")
            #expect(!exchange.published.contains { $0.routingKey == "image.import.started.stuck" })
            exchange.refuse([])
            await exchange.waitForPublished(1, under: "image.import.started.stuck")
            drain.request()
            relay.wakeUp.signal()
        }
        let keys = exchange.published.map(\.routingKey).filter { $0.hasSuffix(".stuck") }
        #expect(keys.dropLast().allSatisfy { $0 == "image.import.accepted.stuck" })
        #expect(try await unpublished().isEmpty)
    }

    @Test("While another worker holds the role nothing is sent")
    func oneAtATime() async throws {
        try await accept("job-1")
        let other = try #require(WorkerID("other"))
        #expect(try await catalog.holdRole("relay", as: other, for: .seconds(15)))
        let exchange = HeldExchange()
        drain.request()
        await relay(exchange).run(until: drain)
        #expect(exchange.published.isEmpty)
        #expect(try await unpublished().count == 1)
    }

    /// Goal: a slow confirm must not let a second relay in, however long it takes.
    /// Method: each sleep of the relay moves the database's clock on, far beyond the role's duration.
    @Test("While a confirm is awaited the role is kept, and it is given up at the end")
    func keepsRole() async throws {
        try await accept("job-1")
        let other = try #require(WorkerID("other"))
        let exchange = HeldExchange(isHeld: true)
        let (steps, stepped) = AsyncStream.makeStream(of: Void.self)
        let relay = relay(exchange, time: SteppedTime(clock: clock, limit: 20, stepped: stepped))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(1)
            var count = 0
            for await _ in steps {
                count += 1
                if count == 20 { break }
            }
            #expect(try await catalog.holdRole("relay", as: other, for: .seconds(5)) == false)
            drain.request()
            relay.wakeUp.signal()
            exchange.release()
            try await group.waitForAll()
        }
        #expect(exchange.published.count == 1)
        #expect(try await catalog.holdRole("relay", as: other, for: .seconds(5)))
    }

    /// The simulation found this one: the relay waited for ever, and kept the role while it did.
    @Test("A relay that gets the role when all is sent already goes on", .timeLimit(.minutes(10)))
    func overtaken() async throws {
        let clock = clock
        let inner = InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { clock.now })
        try await accept("job-1", to: ImageCatalog(database: inner, random: SeededRandomSource(seed: 1)))
        let catalog = ImageCatalog(database: OvertakingDatabase(inner), random: SeededRandomSource(seed: 1))
        let exchange = HeldExchange()
        drain.request()
        await relay(exchange, on: catalog).run(until: drain)
        #expect(exchange.published.isEmpty)
    }

    @Test("A dead letter goes out with its original bytes and its reason")
    func buries() async throws {
        let message = IncomingMessage(body: Array("{".utf8), routingKey: "import")
        let rejection = try #require(throws: RejectedMessage.self) { try JobDecoder.decode(message) }
        let original = DeadLetter(body: message.body, routingKey: message.routingKey)
        let item = IntakeItem.rejection(
            Rejection(failure: rejection.failure, kind: nil, jobID: nil, owner: nil, original: original))
        _ = try await catalog.accept([item])
        let exchange = HeldExchange()
        drain.request()
        await relay(exchange).run(until: drain)
        #expect(exchange.buried.map(\.body) == [message.body])
        #expect(exchange.buried.first?.headers["x-longshore-code"] == "malformed_message")
        #expect(exchange.published.map(\.routingKey) == ["job.rejected._._"])
    }
}

extension OutboxRelayTests {
    private func relay(
        _ exchange: HeldExchange, on other: ImageCatalog? = nil, time: any TimeSource = HostTime()
    ) -> OutboxRelay<HeldExchange> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return OutboxRelay(
            exchange: exchange, encoder: CloudEventEncoder(cluster: "test"), catalog: other ?? catalog,
            worker: SeededRandomSource(seed: 2).identifier(), plan: WorkerPlan(), time: time,
            random: SeededRandomSource(seed: 3), wakeUp: WakeUp(), pulse: Pulse(), logger: logger)
    }

    private func accept(_ ids: String..., to other: ImageCatalog? = nil) async throws {
        try await accept(ids, owner: nil, to: other)
    }

    private func accept(_ ids: [String], owner: String?, to other: ImageCatalog? = nil) async throws {
        let owner = owner.map { ",\"owner\":\"\($0)\"" } ?? ""
        let items = try ids.map { id -> IntakeItem in
            let body = """
                {"version":1,"id":"\(id)","kind":"import","image":{"name":"n"\(owner)},"source":{"url":"https://h.example/i"}}
                """
            let submission = try JobDecoder.decode(IncomingMessage(body: Array(body.utf8), routingKey: "import"))
            return .submission(submission, original: DeadLetter(body: Array(body.utf8), routingKey: "import"))
        }
        _ = try await (other ?? catalog).accept(items)
    }

    private func claim(_ count: Int = 1) async throws {
        let claimed = try await catalog.claim(
            for: SeededRandomSource(seed: 2).identifier(), slots: [.import: count], lease: .seconds(30)
        ).jobs
        #expect(claimed.count == count)
    }

    private func unpublished() async throws -> [OutboxEntry] {
        try await catalog.read { try $0.unpublished(limit: 100) }
    }
}

/// Time as it passes.
struct HostTime: TimeSource {
    private let start = ContinuousClock.now

    func now() -> Duration { start.duration(to: .now) }

    func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}

/// Time that passes when somebody sleeps: each sleep moves the database's clock, up to a limit, and ends at once.
private final class SteppedTime: TimeSource {
    let clock: AdjustableClock
    let limit: Int
    let stepped: AsyncStream<Void>.Continuation
    private let steps = Atomic(0)

    init(clock: AdjustableClock, limit: Int, stepped: AsyncStream<Void>.Continuation) {
        self.clock = clock
        self.limit = limit
        self.stepped = stepped
    }

    func now() -> Duration { .zero }

    func sleep(for duration: Duration) async throws {
        guard steps.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            try await Task.sleep(for: .seconds(3_600))
            return
        }
        clock.advance(by: duration)
        stepped.yield()
    }
}
