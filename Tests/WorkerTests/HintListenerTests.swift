import Catalog
import ImageJobs
import ImageModel
import ImageSource
import JobMessages
import Logging
import TestSupport
import Testing

@testable import Worker

/// Nobody looks here because time has passed: whoever is not woken waits for an hour.
@Suite("Looks for work", .timeLimit(.minutes(10)))
struct HintListenerTests {
    private let base: InMemoryCatalogDatabase
    private let telling: TellingDatabase
    private let drain = DrainRequest()

    init() throws {
        let clock = AdjustableClock()
        base = InMemoryCatalogDatabase(id: try #require(CatalogID("catalog")), now: { clock.now })
        telling = TellingDatabase(base)
    }

    @Test("A kind whose slots are taken is not looked for, and one with a free slot at once")
    func freeSlots() async throws {
        let scheduler = scheduler(slots: [.update: 1, .import: 1])
        let listener = HintListener(scheduler: scheduler, cancelWakeUp: WakeUp(), random: SeededRandomSource(seed: 1))
        let lease = JobLease(
            job: CatalogSamples.id("j"), fence: 1, worker: CatalogSamples.id("w"))
        scheduler.running.add(lease, kind: .update, control: JobControl(), goodUntil: .seconds(30))
        scheduler.hints.hear([.update])
        await listener.look()
        #expect(telling.reads == 0)
        scheduler.hints.hear([.import])
        await listener.look()
        #expect(telling.reads == 1)
        scheduler.running.remove(lease)
        await listener.look()
        #expect(telling.reads == 2)
        await listener.look()
        #expect(telling.reads == 2)
    }

    @Test("Jobs that wait for a slot cost one claim each, and no look")
    func busy() async throws {
        try await accept("u-1", "u-2", "u-3")
        try await work(until: 3)
        // The last claim is in vain. Each job has one more write, its own.
        #expect(telling.writes == 3 + 3 + 1)
        #expect(telling.reads == 0)
    }

    @Test("A job that becomes ready while slots are free is heard of, one during a claim too")
    func heard() async throws {
        telling.afterNextWrite { [telling] in
            // The first claim found nothing, and its worker does not know yet.
            try? await accept("u-1")
            telling.tell(.jobsReady([.update]))
        }
        try await work(until: 2) {
            try? await accept("u-2")
            telling.tell(.jobsReady([.share]))
            telling.tell(.jobsReady([.update]))
        }
    }

    @Test("What was ready when all slots were taken is claimed when one is free, although nobody tells again")
    func taken() async throws {
        try await accept("u-1")
        telling.afterNextWrite { [telling] in
            try? await accept("u-2")
            telling.tell(.jobsReady([.update]))
        }
        try await work(until: 2)
    }
}

extension HintListenerTests {
    /// Runs a scheduler and its listener until so many jobs have ended; `afterFirst` is done after the first end.
    private func work(until count: Int, _ afterFirst: @escaping @Sendable () async -> Void = {}) async throws {
        let scheduler = scheduler(slots: [.update: 1])
        let listener = HintListener(scheduler: scheduler, cancelWakeUp: WakeUp(), random: SeededRandomSource(seed: 1))
        let drain = drain
        let base = base
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await scheduler.run(until: drain) }
            group.addTask { await listener.hear() }
            group.addTask { await listener.answer() }
            var isFirst = true
            while true {
                let done = (try? await base.read { try $0.jobs(JobFilter(states: [.succeeded, .failed])).count }) ?? 0
                if done > 0, isFirst {
                    isFirst = false
                    await afterFirst()
                }
                // The last claim, which finds nothing, is part of what is counted.
                if done == count, scheduler.running.isEmpty, !scheduler.hints.isClaiming { break }
                await Task.yield()
            }
            drain.request()
            scheduler.wakeUp.signal()
            group.cancelAll()
        }
    }

    private func scheduler(slots: [JobKind: Int]) -> Scheduler {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let catalog = ImageCatalog(database: telling, random: SeededRandomSource(seed: 1))
        let environment = JobEnvironment(
            catalog: catalog, source: NoSource(), stores: [:], time: HostTime(), random: SeededRandomSource(seed: 2),
            limits: JobLimits(), backoff: Backoff(base: .seconds(1), max: .seconds(1)), progressInterval: .seconds(1),
            announceProgress: { _ in }, logger: logger)
        return Scheduler(
            catalog: catalog, runner: JobRunner(environment: environment), worker: CatalogSamples.id("w"),
            plan: WorkerPlan(slots: slots, poll: .seconds(3_600), idlePoll: .seconds(3_600)), time: HostTime(),
            running: RunningJobs(), wakeUp: WakeUp(), hints: HeardHints(), pulse: Pulse(), logger: logger,
            didChange: {})
    }

    /// Takes updates of an image each in, by another worker.
    private func accept(_ ids: String...) async throws {
        let catalog = ImageCatalog(database: base, random: SeededRandomSource(seed: 3))
        for id in ids {
            var image = CatalogSamples.bareImage("i-\(id)")
            image.status = .active
            try await base.write { [image] in try $0.insert(image) }
            let body = """
                {"version":1,"id":"\(id)","kind":"update","image":{"id":"i-\(id)"},"set":{"name":"new"}}
                """
            let message = IncomingMessage(body: Array(body.utf8), routingKey: "update")
            let submission = try JobDecoder.decode(message)
            _ = try await catalog.accept([
                .submission(submission, original: DeadLetter(body: message.body, routingKey: "update"))
            ])
        }
    }

    private struct NoSource: ImageSource {
        func withSource<Result: Sendable>(
            _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
        ) async throws -> Result {
            throw CancellationError()
        }
    }
}
