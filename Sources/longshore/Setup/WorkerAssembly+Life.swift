import Catalog
import ImageModel
package import Logging
package import LongshoreSettings
import RabbitMQ
package import Worker

/// The life of a worker's process: from its start to its end, with the ports and services that it has meanwhile.
extension WorkerAssembly {
    /// Starts a worker and runs it until SIGTERM or SIGINT, see ``SignalWatch``.
    ///
    /// - Parameter service: Told how the worker is; nil when nobody wants to know.
    package static func run(
        _ settings: Settings, _ decoration: Decoration, service: ServiceReporter? = nil, logger: Logger
    ) async throws {
        func life() async throws {
            do {
                _ = try await run(settings, decoration, service: service, logger: logger, withPorts: true) {
                    worker, drain in
                    await worker.run(until: drain)
                    return nil
                }
            } catch is SignalWatch.Interrupted {
                // Who ends a worker for good means it: a service manager is not to take it for a failure.
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
    /// - Throws: A ``CommandTrouble`` with `interrupted` when a second signal came before it was known what becomes of the
    ///   job.
    static func runOne(
        _ settings: Settings, _ decoration: Decoration, logger: Logger, within patience: Duration?
    ) async throws -> Job? {
        do {
            return try await run(settings, decoration, service: nil, logger: logger, withPorts: false) {
                worker, drain in
                await worker.runOne(within: patience, until: drain)
            }
        } catch is SignalWatch.Interrupted {
            throw CommandTrouble(
                .interrupted, "interrupted; a job that was begun goes on when its lease has run out")
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
            if roles.contains(.intake) { group.addTask { .service(try await consumer.run()) } }
            if roles.publish { group.addTask { .service(try await publisher.run()) } }
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

    private func serveHealth() async {
        do {
            try await health.run()
        } catch is CancellationError {
        } catch {
            logger.error(
                "This worker cannot be probed", metadata: ["health.listen": "\(health.address)", "error": "\(error)"])
        }
    }

    /// Answers questions, unless the port is taken: by another worker of this host, as a rule, who answers the same.
    private func serveAdmin() async {
        do {
            try await admin.run()
        } catch is CancellationError {
        } catch {
            logger.error(
                "No questions are answered here", metadata: ["admin.listen": "\(admin.address)", "error": "\(error)"])
        }
    }
}

/// What ended in a worker's process.
private enum Ended: Sendable {
    case work(Job?)
    case service(Void?)
}
