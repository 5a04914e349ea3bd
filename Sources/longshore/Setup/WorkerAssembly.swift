import Catalog
import ImageConversion
import ImageJobs
import ImageModel
import ImageStore
package import Logging
package import LongshoreSettings
import RabbitMQ
package import Worker

/// A worker with the adapters that the settings name.
package struct WorkerAssembly<Decoration: PortDecoration>: Sendable {
    private let worker: ImageWorker<Decoration.Queues, Decoration.Exchange>
    private let consumer: RabbitMQConsumer
    private let publisher: RabbitMQPublisher
    private let keeper: TopologyKeeper?
    private let roles: Set<WorkerRole>
    private let health: HealthServer
    private let admin: AdminServer
    /// Where the two listen, for what is said of it.
    private let places: (health: String, admin: String)
    private let catalog: ImageCatalog
    private let logger: Logger

    /// Opens the catalog, adopts the stores and declares or verifies the topology, waiting for what is away as long as
    /// `worker.start_timeout` says.
    private static func make(_ settings: Settings, _ decoration: Decoration, logger: Logger) async throws -> Self {
        let startup = Startup(patience: settings.worker.startTimeout, time: SystemTime(), logger: logger)
        let catalog = try await startup.attempt { () throws(CommandTrouble) in
            try CatalogAccess.open(settings, decoration.decorate)
        }
        // A worker that touches no images needs no way to where they lie.
        let hasStores = !settings.worker.roles.isDisjoint(with: [.run, .sweep])
        let places = hasStores ? try StoreAccess.make(settings) : [:]
        try await startup.attempt { () async throws(CommandTrouble) in
            try await StoreAccess.adopt(places, for: catalog)
        }
        let stores = places.mapValues(decoration.decorate)
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
        let views = ProfileViews(try ProfileAccess.make(settings))
        worker = ImageWorker(
            id: SystemRandom().identifier(), version: Build.version, plan: plan, cluster: settings.cluster,
            views: views,
            queues: decoration.decorate(
                BrokerJobQueues(
                    consumer: consumer, names: access.names, prefetch: UInt16(clamping: plan.prefetch))),
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
        admin = AdminServer(
            host: settings.admin.listen.host, port: settings.admin.listen.port,
            token: settings.admin.token.map { BearerToken($0.revealed) }, catalog: catalog, views: views,
            logger: logger)
        places = (
            "\(settings.health.listen.host):\(settings.health.listen.port)",
            "\(settings.admin.listen.host):\(settings.admin.listen.port)"
        )
        self.logger = logger
    }

    /// Starts a worker and runs it until SIGTERM or SIGINT, see ``SignalWatch``.
    ///
    /// - Parameter service: Told how the worker is; nil when nobody wants to know.
    package static func run(
        _ settings: Settings, _ decoration: Decoration, service: ServiceReporter? = nil, logger: Logger
    ) async throws {
        func life() async throws {
            _ = try await run(settings, decoration, service: service, logger: logger, withPorts: true) {
                worker, drain in
                await worker.run(until: drain)
                return nil
            }
        }
        guard let service else { return try await life() }
        try await service.accompany(life)
    }

    /// Runs one job, unless none comes for as long as `patience` says; signals end it as they end a worker.
    ///
    /// There are no ports for health and questions: many such processes may run on one host.
    ///
    /// - Returns: The job as it is now; nil when none came.
    static func runOne(
        _ settings: Settings, _ decoration: Decoration, logger: Logger, within patience: Duration?
    ) async throws -> Job? {
        try await run(settings, decoration, service: nil, logger: logger, withPorts: false) { worker, drain in
            await worker.runOne(within: patience, until: drain)
        }
    }

    private typealias Work =
        @Sendable (ImageWorker<Decoration.Queues, Decoration.Exchange>, DrainRequest) async -> Job?

    private static func run(
        _ settings: Settings, _ decoration: Decoration, service: ServiceReporter?, logger: Logger, withPorts: Bool,
        _ work: @escaping Work
    ) async throws -> Job? {
        try await SignalWatch.run(logger, onDrain: { service?.announceStop() }) { watch in
            let assembly = try await make(settings, decoration, logger: logger)
            watch.started()
            do {
                let job = try await assembly.serve(withPorts: withPorts, service) {
                    await work(assembly.worker, watch.drain)
                }
                await assembly.catalog.close()
                return job
            } catch {
                await assembly.catalog.close()
                throw error
            }
        }
    }

    /// Works until that is done, or until one of those without whom the work makes no sense has failed for good.
    private func serve(
        withPorts: Bool, _ service: ServiceReporter?, _ work: @escaping @Sendable () async -> Job?
    ) async throws -> Job? {
        try await withThrowingTaskGroup(of: Ended.self) { group in
            group.addTask { .work(await work()) }
            if consumes { group.addTask { .service(try await consumer.run()) } }
            if publishes { group.addTask { .service(try await publisher.run()) } }
            group.addTask { .service(await keeper?.run(consumer.events, publisher.events)) }
            if withPorts {
                group.addTask { .service(await serveHealth()) }
                group.addTask { .service(await serveAdmin()) }
            }
            group.addTask {
                .service(await service?.announceReadiness(lateLoops: health.lateLoops, checks: health.checks))
            }
            defer { group.cancelAll() }
            for try await ended in group {
                if case .work(let job) = ended { return job }
            }
            return nil
        }
    }

    /// What ended in a worker's process.
    private enum Ended: Sendable {
        case work(Job?)
        case service(Void?)
    }

    private func serveHealth() async {
        do {
            try await health.run()
        } catch is CancellationError {
        } catch {
            logger.error(
                "This worker cannot be probed", metadata: ["health.listen": "\(places.health)", "error": "\(error)"])
        }
    }

    /// Answers questions, unless the port is taken: by another worker of this host, as a rule, who answers the same.
    private func serveAdmin() async {
        do {
            try await admin.run()
        } catch is CancellationError {
        } catch {
            logger.error(
                "No questions are answered here", metadata: ["admin.listen": "\(places.admin)", "error": "\(error)"])
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
