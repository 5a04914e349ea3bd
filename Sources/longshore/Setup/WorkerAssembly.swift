import Catalog
import ImageConversion
import ImageJobs
import ImageModel
import ImageStore
package import Logging
package import LongshoreSettings
import RabbitMQ
import UnixSignals
import Worker

/// A worker with the adapters that the settings name.
package struct WorkerAssembly<Decoration: PortDecoration>: Sendable {
    private let worker: ImageWorker<Decoration.Queues, Decoration.Exchange>
    private let consumer: RabbitMQConsumer
    private let publisher: RabbitMQPublisher
    private let keeper: TopologyKeeper?
    private let roles: Set<WorkerRole>
    private let health: HealthServer
    private let catalog: ImageCatalog
    private let logger: Logger

    /// Opens the catalog, adopts the stores and declares or verifies the topology, waiting for what is away as long as
    /// `worker.start_timeout` says.
    package static func make(_ settings: Settings, _ decoration: Decoration, logger: Logger) async throws -> Self {
        let startup = Startup(patience: settings.worker.startTimeout, time: SystemTime(), logger: logger)
        let catalog = try await startup.attempt { () throws(CommandTrouble) in
            try CatalogAccess.open(settings, decoration.decorate)
        }
        // A worker that touches no images needs no way to where they lie.
        let hasStores = !settings.worker.roles.isDisjoint(with: [.run, .sweep])
        let stores = hasStores ? try StoreAccess.make(settings).mapValues(decoration.decorate) : [:]
        try await StoreAccess.adopt(stores, for: catalog)
        var fetch = try FetchAccess(settings)
        fetch.source = decoration.decorate(fetch.source)
        let converter = try await ConversionAccess.open(settings, logger: logger)
        let access = try BrokerAccess(settings.broker, role: "worker", logger: logger)
        let unchecked = try await startup.attempt { () async throws(CommandTrouble) in
            try await access.prepareTopology(settings.broker.topology, for: catalog)
        }
        for sentence in unchecked {
            logger.notice("Part of the topology was not verified", metadata: ["what": "\(sentence)"])
        }
        let keeper = try await access.topologyKeeper(settings.broker.topology, for: catalog, logger: logger)
        return try Self(
            settings, decoration, catalog: catalog, stores: stores, fetch: fetch, converter: converter, access: access,
            keeper: keeper, logger: logger)
    }

    private init(
        _ settings: Settings, _ decoration: Decoration, catalog: ImageCatalog, stores: [StoreName: any ImageStore],
        fetch: FetchAccess, converter: (any ImageConverter)?, access: BrokerAccess, keeper: TopologyKeeper?,
        logger: Logger
    ) throws {
        self.catalog = catalog
        self.keeper = keeper
        let plan = WorkerPlan(settings)
        roles = plan.roles
        do throws(RabbitMQError) {
            consumer = try RabbitMQConsumer(configuration: access.configuration)
            publisher = try RabbitMQPublisher(configuration: access.configuration)
        } catch {
            throw CommandTrouble(error)
        }
        worker = ImageWorker(
            id: SystemRandom().identifier(), version: Build.version, plan: plan, cluster: settings.cluster,
            views: ProfileViews(try ProfileAccess.make(settings)),
            queues: decoration.decorate(
                BrokerJobQueues(
                    consumer: consumer, names: access.names, prefetch: UInt16(clamping: min(200, plan.backlog)))),
            exchange: decoration.decorate(BrokerEventExchange(publisher: publisher, names: access.names)),
            logger: logger
        ) { announceProgress in
            var environment = JobEnvironment(
                catalog: catalog, source: fetch.source, stores: stores, time: SystemTime(), random: SystemRandom(),
                limits: JobLimits(settings),
                backoff: ImageJobs.Backoff(base: settings.retry.base, max: settings.retry.max),
                progressInterval: settings.events.progressInterval, announceProgress: announceProgress, logger: logger)
            environment.credentials = fetch.credentials
            environment.digestLists = fetch.digestLists
            environment.converter = converter
            environment.relaxed = RelaxedRules(settings.inspect.relax)
            return environment
        }
        let worker = worker
        health = HealthServer(
            host: settings.health.listen.host, port: settings.health.listen.port,
            lateLoops: { worker.lateLoops(limit: .seconds(60)) },
            checks: [Self.check(roles, consumer, publisher)] + Self.checks(catalog: catalog, stores: stores),
            metrics: { await worker.metricsPage() }, logger: logger)
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT and drains; a second signal ends everything at once.
    package func run() async throws {
        _ = try await closingCatalog {
            try await serve(withHealth: true) { drain in
                await worker.run(until: drain)
                return nil
            }
        }
    }

    /// Runs one job, unless none comes for as long as `patience` says; signals end it as they end ``run()``.
    ///
    /// There is no health port: many such processes may run on one host.
    ///
    /// - Returns: The job as it is now; nil when none came.
    func runOne(within patience: Duration?) async throws -> Job? {
        try await closingCatalog {
            try await serve(withHealth: false) { drain in await worker.runOne(within: patience, until: drain) }
        }
    }

    private func closingCatalog(_ body: () async throws -> Job?) async throws -> Job? {
        do {
            let job = try await body()
            await catalog.close()
            return job
        } catch {
            await catalog.close()
            throw error
        }
    }

    private func serve(
        withHealth: Bool, _ work: @escaping @Sendable (DrainRequest) async -> Job?
    ) async throws -> Job? {
        let drain = DrainRequest()
        // Trapped before the worker can say that it is ready: a signal that comes with that answer must drain it too.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            if consumes { group.addTask { try await consumer.run() } }
            if publishes { group.addTask { try await publisher.run() } }
            group.addTask { await keeper?.run(consumer.events, publisher.events) }
            if withHealth { group.addTask { try await serveHealth() } }
            defer { group.cancelAll() }
            return try await withThrowingTaskGroup(of: Job?.self) { working in
                working.addTask { await work(drain) }
                working.addTask {
                    await wait(for: signals, drain)
                    return nil
                }
                defer { working.cancelAll() }
                // Whichever ends first: the work, or the second signal.
                return try await working.next() ?? nil
            }
        }
    }

    private func wait(for signals: UnixSignalsSequence, _ drain: DrainRequest) async {
        for await signal in signals {
            guard drain.isRequested else {
                logger.info("Draining", metadata: ["signal": "\(signal)"])
                drain.request()
                continue
            }
            logger.warning("Stopping now; unfinished jobs go on when their leases have run out")
            return
        }
    }

    private func serveHealth() async throws {
        do {
            try await health.run()
        } catch is CancellationError {
        } catch {
            throw CommandTrouble(.usage, "health.listen: \(error)")
        }
    }

    private var consumes: Bool { roles.contains(.intake) }
    private var publishes: Bool { roles.publish }

    private static func check(
        _ roles: Set<WorkerRole>, _ consumer: RabbitMQConsumer, _ publisher: RabbitMQPublisher
    ) -> ReadinessCheck {
        ReadinessCheck("broker") {
            if roles.contains(.intake), await !consumer.isConnected { return "not connected" }
            guard roles.publish else { return nil }
            guard await publisher.isConnected else { return "not connected" }
            return await publisher.isBlocked ? "publishing is blocked" : nil
        }
    }

    private static func checks(catalog: ImageCatalog, stores: [StoreName: any ImageStore]) -> [ReadinessCheck] {
        let rows = ReadinessCheck("catalog") {
            do throws(CatalogError) {
                _ = try await catalog.read { try $0.catalogID() }
                return nil
            } catch {
                return error.message
            }
        }
        let places = stores.values.sorted { $0.name < $1.name }.map { store in
            ReadinessCheck("store.\(store.name)") {
                do throws(StoreError) {
                    _ = try await store.freeBytes()
                    return nil
                } catch {
                    return error.message
                }
            }
        }
        return [rows] + places
    }
}
