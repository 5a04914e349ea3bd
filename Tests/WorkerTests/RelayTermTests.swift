import Catalog
import ImageModel
import JobMessages
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite("The relay while confirms take long", .timeLimit(.minutes(10)))
struct RelayTermTests {
    private let catalog: ImageCatalog
    private let clock = AdjustableClock()
    private let time = ToldTime()
    private let drain = DrainRequest()
    private let pulse = Pulse()

    init() throws {
        let database = InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { [clock] in clock.now })
        catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
    }

    /// Goal: two relays must not both begin events of an image. Method: while the first event is on its way the role runs
    /// out and another worker takes it, and this relay hears nothing of it: none of its sleeps ends.
    @Test("begins no event once its role may be over, though nobody has told it so")
    func lostRole() async throws {
        try await acceptAndClaim()
        let (time, clock, catalog) = (time, clock, catalog)
        let other = try #require(WorkerID("other"))
        let exchange = HookedExchange {
            time.advance(by: .seconds(6))
            clock.advance(by: .seconds(6))
            let isTaken = try await catalog.holdRole("relay", as: other, for: .seconds(600))
            #expect(isTaken)
        }
        drain.request()
        await relay(exchange).run(until: drain)
        #expect(exchange.published == ["image.import.accepted._"])
    }

    @Test("is no loop that hangs")
    func slowConfirms() async throws {
        try await acceptAndClaim()
        let (time, pulse) = (time, pulse)
        let exchange = HookedExchange {
            time.advance(by: .seconds(40))
            #expect(pulse.late(at: time.now(), limit: .seconds(60)).isEmpty)
        }
        let relay = relay(exchange)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run(until: drain) }
            await exchange.waitForPublished(2)
            drain.request()
            relay.wakeUp.signal()
        }
        #expect(exchange.published == ["image.import.accepted._", "image.import.started._"])
    }

    @Test("A loop that waits for the catalog is not late; one that hangs afterwards is")
    func slowCatalog() async {
        pulse.beat(.relay, at: time.now())
        await pulse.asking(.relay, time) { () throws(Never) in
            // Whatever else beats meanwhile.
            pulse.beat(.relay, at: time.now())
            time.advance(by: .seconds(240))
            #expect(pulse.late(at: time.now(), limit: .seconds(60)).isEmpty)
        }
        #expect(pulse.late(at: time.now(), limit: .seconds(60)).isEmpty)
        time.advance(by: .seconds(61))
        #expect(pulse.late(at: time.now(), limit: .seconds(60)) == [.relay])
    }

    private func relay(_ exchange: HookedExchange) -> OutboxRelay<HookedExchange> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return OutboxRelay(
            exchange: exchange, encoder: CloudEventEncoder(cluster: "test"), catalog: catalog,
            worker: SeededRandomSource(seed: 2).identifier(), plan: WorkerPlan(), time: time,
            random: SeededRandomSource(seed: 3), wakeUp: WakeUp(), pulse: pulse, logger: logger)
    }

    /// Leaves two events of one image in the outbox.
    private func acceptAndClaim() async throws {
        let body = """
            {"version":1,"id":"job-1","kind":"import","image":{"name":"n"},"source":{"url":"https://h.example/i"}}
            """
        let submission = try JobDecoder.decode(IncomingMessage(body: Array(body.utf8), routingKey: "import"))
        let original = DeadLetter(body: Array(body.utf8), routingKey: "import")
        _ = try await catalog.accept([.submission(submission, original: original)])
        let claimed = try await catalog.claim(
            for: SeededRandomSource(seed: 2).identifier(), slots: [.import: 1], lease: .seconds(30))
        #expect(claimed.jobs.count == 1)
    }
}

/// Time that passes when it is told to; no sleep ends before it is cancelled.
private final class ToldTime: TimeSource {
    private let passed = Mutex(Duration.zero)

    func now() -> Duration { passed.withLock(\.self) }

    func advance(by duration: Duration) { passed.withLock { $0 += duration } }

    func sleep(for duration: Duration) async throws { try await Task.sleep(for: .seconds(3_600)) }
}

/// An exchange that confirms after a test did what it wants to.
private final class HookedExchange: EventExchange {
    private let keys = Mutex<[String]>([])
    private let counts = AsyncStream.makeStream(of: Int.self)
    private let hook: @Sendable () async throws -> Void

    init(_ hook: @escaping @Sendable () async throws -> Void) {
        self.hook = hook
    }

    /// The routing keys of all that was confirmed.
    var published: [String] { keys.withLock(\.self) }

    func waitForPublished(_ count: Int) async {
        for await reached in counts.stream where reached >= count { return }
    }

    func publish(_ event: OutgoingEvent) async throws(EventExchangeError) -> Routing {
        do {
            try await hook()
        } catch {
            throw EventExchangeError("\(error)")
        }
        let count = keys.withLock { keys in
            keys.append(event.routingKey)
            return keys.count
        }
        counts.continuation.yield(count)
        return .routed
    }

    func reply(_ event: OutgoingEvent, to queue: String) async throws(EventExchangeError) -> Routing { .routed }

    func bury(_ letter: BuriedMessage) async throws(EventExchangeError) -> Routing { .routed }
}
