import Catalog
import ImageModel
import JobMessages
import Logging
import TestSupport
import Testing

@testable import Worker

@Suite("The relay of the outbox", .timeLimit(.minutes(1)))
struct OutboxRelayTests {
    private let catalog: ImageCatalog
    private let drain = DrainRequest()

    init() throws {
        let clock = AdjustableClock()
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
        try await accept("job-1")
        try await claim()
        let exchange = HeldExchange()
        exchange.fail("image.import.accepted._")
        let relay = relay(exchange)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(3)
            drain.request()
            relay.wakeUp.signal()
        }
        let keys = exchange.published.map(\.routingKey)
        #expect(keys == ["image.import.accepted._", "image.import.accepted._", "image.import.started._"])
        #expect(Set(exchange.published.prefix(2).map(\.messageID)).count == 1)
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
    private func relay(_ exchange: HeldExchange) -> OutboxRelay<HeldExchange> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return OutboxRelay(
            exchange: exchange, encoder: CloudEventEncoder(cluster: "test"), catalog: catalog,
            worker: SeededRandomSource(seed: 2).identifier(), plan: WorkerPlan(), time: HostTime(),
            random: SeededRandomSource(seed: 3), wakeUp: WakeUp(), pulse: Pulse(), logger: logger)
    }

    private func accept(_ ids: String...) async throws {
        let items = try ids.map { id -> IntakeItem in
            let body = """
                {"version":1,"id":"\(id)","kind":"import","image":{"name":"n"},"source":{"url":"https://h.example/i"}}
                """
            let submission = try JobDecoder.decode(IncomingMessage(body: Array(body.utf8), routingKey: "import"))
            return .submission(submission, original: DeadLetter(body: Array(body.utf8), routingKey: "import"))
        }
        _ = try await catalog.accept(items)
    }

    private func claim() async throws {
        let claimed = try await catalog.claim(
            for: SeededRandomSource(seed: 2).identifier(), slots: [.import: 1], lease: .seconds(30))
        #expect(claimed.count == 1)
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
