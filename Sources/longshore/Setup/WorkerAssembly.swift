import Catalog
import ImageConversion
import ImageJobs
import ImageModel
import ImageStore
import Logging
import LongshoreSettings
import RabbitMQ
import Worker

/// A worker with the adapters that the settings name.
package struct WorkerAssembly<Decoration: PortDecoration>: Sendable {
    let worker: ImageWorker<Decoration.Queues, Decoration.Exchange>
    let consumer: RabbitMQConsumer
    let publisher: RabbitMQPublisher
    let keeper: TopologyKeeper?
    let roles: Set<WorkerRole>
    let health: HealthServer
    let admin: AdminServer
    let catalog: ImageCatalog
    let logger: Logger

    /// Opens the catalog, adopts the stores and declares or verifies the topology, waiting for what is away as long as
    /// `worker.start_timeout` says.
    static func make(_ settings: Settings, _ decoration: Decoration, logger: Logger) async throws -> Self {
        let startup = Startup(patience: settings.worker.startTimeout, time: SystemTime(), logger: logger)
        let catalog = try await startup.attempt { () throws(CommandTrouble) in
            try CatalogAccess.open(settings, decoration.decorate)
        }
        // A worker that touches no images needs no way to where they lie.
        let hasStores = !settings.worker.roles.isDisjoint(with: [.run, .sweep])
        let stores = try await StoreAccess.adopt(hasStores ? StoreAccess.make(settings) : [:], for: catalog, startup)
            .mapValues(decoration.decorate)
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
            checks: [
                .broker(
                    consumer: plan.roles.contains(.intake) ? consumer : nil,
                    publisher: plan.roles.publish ? publisher : nil), .catalog(catalog),
            ]
                + stores.values.sorted { $0.name < $1.name }.map(ReadinessCheck.store),
            metrics: { await worker.metricsPage() }, logger: logger)
        admin = AdminServer(
            host: settings.admin.listen.host, port: settings.admin.listen.port,
            token: settings.admin.token.map { BearerToken($0.revealed) }, catalog: catalog, views: views,
            logger: logger)
        self.logger = logger
    }
}
