import Catalog
public import ImageJobs
public import ImageModel
import ImageStore
import JobMessages
public import Logging

/// A worker: intake, scheduler, lease keeper, relay and sweeper, as child tasks of one group.
public struct ImageWorker<Queues: JobQueues, Exchange: EventExchange>: Sendable {
    private let id: WorkerID
    private let plan: WorkerPlan
    private let environment: JobEnvironment
    private let gate: IntakeGate<Queues>
    private let intake: Intake<Queues>
    private let scheduler: Scheduler
    private let hints: HintListener
    private let keeper: LeaseKeeper
    private let cleaner: TransferCleaner
    private let relay: OutboxRelay<Exchange>
    private let sweep: SweepLoop
    private let progress: ProgressFeed<Exchange>
    private let queues: Queues
    private let metrics: WorkerMetrics
    private let pulse = Pulse()
    private let logger: Logger

    /// Puts a worker together; nothing runs before ``run(until:)``.
    ///
    /// - Parameters:
    ///   - makeEnvironment: Makes what jobs may touch, given the place where progress goes.
    ///   - version: The program's own, for ``metricsPage()``.
    ///   - cluster: Names the installation in the `source` of events.
    ///   - views: Shows images in their profiles' words.
    public init(
        id: WorkerID, version: String, plan: WorkerPlan, cluster: String, views: ProfileViews = ProfileViews(),
        queues: Queues,
        exchange: Exchange, logger: Logger,
        makeEnvironment: (@escaping @Sendable (ImageEvent) -> Void) -> JobEnvironment
    ) {
        let encoder = CloudEventEncoder(cluster: cluster, view: views.view)
        let progress = ProgressFeed(exchange: exchange, encoder: encoder, logger: logger)
        let environment = makeEnvironment(progress.announce)
        let running = RunningJobs()
        let schedulerWakeUp = WakeUp()
        let heardHints = HeardHints()
        let relayWakeUp = WakeUp()
        let cancelWakeUp = WakeUp()
        let cleanerWakeUp = WakeUp()
        self.id = id
        self.plan = plan
        self.environment = environment
        self.queues = queues
        self.progress = progress
        metrics = WorkerMetrics(catalog: environment.catalog, plan: plan, running: running, version: version)
        self.logger = logger
        gate = IntakeGate(
            queues: queues, catalog: environment.catalog, plan: plan, time: environment.time, logger: logger)
        intake = Intake(
            queues: queues, gate: gate, catalog: environment.catalog, plan: plan, time: environment.time, logger: logger
        ) { kinds in
            // Cancels and deletes end other jobs.
            if !kinds.isDisjoint(with: [.cancel, .delete]) {
                cancelWakeUp.signal()
                cleanerWakeUp.signal()
            }
            heardHints.expectClaim()
            schedulerWakeUp.signal()
            relayWakeUp.signal()
        }
        scheduler = Scheduler(
            catalog: environment.catalog, runner: JobRunner(environment: environment), worker: id, plan: plan,
            time: environment.time, running: running, wakeUp: schedulerWakeUp, hints: heardHints, pulse: pulse,
            logger: logger,
            didChange: relayWakeUp.signal)
        hints = HintListener(scheduler: scheduler, cancelWakeUp: cancelWakeUp, random: environment.random)
        cleaner = TransferCleaner(
            runner: JobRunner(environment: environment), time: environment.time, wakeUp: cleanerWakeUp)
        keeper = LeaseKeeper(
            catalog: environment.catalog, plan: plan, time: environment.time, running: running, pulse: pulse,
            wakeUp: cancelWakeUp, logger: logger)
        relay = OutboxRelay(
            exchange: exchange, encoder: encoder, catalog: environment.catalog, worker: id, plan: plan,
            time: environment.time, random: environment.random, wakeUp: relayWakeUp, pulse: pulse, logger: logger)
        sweep = SweepLoop(
            sweeper: Sweeper(
                catalog: environment.catalog, stores: environment.stores.values.compactMap { $0 as? any SweptStore },
                policy: plan.retention, logger: logger),
            catalog: environment.catalog, worker: id, interval: plan.sweepInterval, time: environment.time,
            logger: logger)
    }

    /// Works until `drain` is asked for or the task is cancelled.
    ///
    /// After the request no job is claimed; running ones may finish for a while, then they are given back; what the
    /// outbox holds is still sent. After a cancellation nothing is waited for: leases run out, and other workers go on.
    public func run(until drain: DrainRequest) async {
        await serve(until: drain) {
            guard !has(.run) else { return await scheduler.run(until: drain) }
            await drain.wait()
        }
    }

    /// Works until one job of any kind has left this worker, whatever became of it, and its events are sent.
    ///
    /// - Parameter patience: How long to wait for a job; nil: until there is one.
    /// - Returns: The job as it is now; nil when none came, or when the catalog could not say any more.
    public func runOne(within patience: Duration?, until drain: DrainRequest) async -> Job? {
        await serve(until: drain) {
            guard let id = await scheduler.runOne(within: patience, until: drain) else { return nil }
            await waitUntilTold(id)
            return try? await environment.catalog.read { try $0.job(id) }
        }
    }

    private func serve<Result: Sendable>(until drain: DrainRequest, _ jobs: () async -> Result) async -> Result {
        logger.info(
            "Worker runs",
            metadata: ["worker": "\(id)", "roles": "\(plan.roles.map(\.rawValue).sorted().joined(separator: ","))"])
        defer { logger.info("Worker has stopped", metadata: ["worker": "\(id)"]) }
        return await withTaskGroup(of: Void.self) { group in
            if has(.intake) {
                group.addTask { await intake.run() }
                group.addTask { await gate.keep(until: drain) }
            }
            if has(.run) {
                group.addTask { await keeper.renew() }
                group.addTask { await keeper.watch() }
                group.addTask { await keeper.watchForCancels() }
                group.addTask { await progress.run() }
                group.addTask { await cleaner.run() }
                group.addTask { await hints.hear() }
                group.addTask { await hints.answer() }
            }
            group.addTask {
                await drain.wait()
                scheduler.wakeUp.signal()
                gate.wakeUp.signal()
            }
            if has(.sweep) { group.addTask { await sweep.run() } }
            defer { group.cancelAll() }
            return await relaying(jobs)
        }
    }

    /// Relays while `jobs` run, and for a while afterwards what they left in the outbox.
    private func relaying<Result: Sendable>(_ jobs: () async -> Result) async -> Result {
        guard has(.relay) else { return await jobs() }
        return await withTaskGroup(of: Void.self) { group in
            let hasDrained = DrainRequest()
            group.addTask { await relay.run(until: hasDrained) }
            let result = await jobs()
            hasDrained.request()
            relay.wakeUp.signal()
            group.addTask { try? await environment.time.sleep(for: Self.flushLimit) }
            await group.next()
            group.cancelAll()
            return result
        }
    }

    /// Waits until what happened to a job is published, by whoever relays, or until that takes too long.
    private func waitUntilTold(_ job: JobID) async {
        let time = environment.time
        let giveUp = time.now() + Self.flushLimit * 2
        while time.now() < giveUp, !Task.isCancelled {
            let waiting = try? await environment.catalog.read { try $0.unpublished(limit: 1_000) }
            guard let waiting, waiting.contains(where: { $0.event.jobID == job.rawValue }) else { return }
            relay.wakeUp.signal()
            try? await time.sleep(for: .milliseconds(100))
        }
    }

    private func has(_ role: WorkerRole) -> Bool { plan.roles.contains(role) }

    /// How long a worker without jobs still tries to send what the outbox holds; the rest goes with the next worker.
    private static var flushLimit: Duration { .seconds(5) }

    /// The loops of this worker that have not gone round for `limit`, by name; empty while all is well.
    public func lateLoops(limit: Duration) -> [String] {
        pulse.late(at: environment.time.now(), limit: limit).map(\.rawValue)
    }

    /// What there is to do, here and in the whole installation, in the text format of Prometheus.
    public func metricsPage() async -> String { await metrics.page() }
}
