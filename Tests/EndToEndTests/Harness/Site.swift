import Foundation
import JobMessages
import Logging
import RabbitMQ
import Synchronization
import TestSupport
import Testing
import Worker

/// A whole installation for one test: names of its own on the broker, a catalog and a store in a directory of its own,
/// an origin, and every message that leaves it.
final class Site: Sendable {
    let prefix: String
    let directory: String
    let origin: Origin
    /// Everything published to the events exchange.
    let events = Journal<Received>()
    /// Everything that became a dead letter.
    let deadLetters = Journal<Received>()
    /// Everything that was sent to ``replyQueue``.
    let replies = Journal<Received>()
    let names: BrokerNames
    let settings: [String: String]
    /// The broker as the test itself reaches it.
    let broker: String
    /// Where its catalog is.
    let catalogPlace: SiteCatalog

    let configuration: ConnectionConfiguration
    let publisher: RabbitMQPublisher
    private let consumer: RabbitMQConsumer
    private let isListening: Bool
    private let programs = Mutex<[Program]>([])

    fileprivate init(
        _ settings: [String: String], broker: String, catalog: SiteCatalog, isListening: Bool
    ) throws {
        self.isListening = isListening
        catalogPlace = catalog
        self.broker = broker
        let name = UUID().uuidString.prefix(8).lowercased()
        prefix = "e2e-\(name)"
        names = BrokerNames(prefix: prefix)
        self.settings = settings
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("longshore-\(prefix)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        origin = try Origin()
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        configuration = ConnectionConfiguration(
            endpoints: [try BrokerEndpoint(parsing: broker)], name: "test",
            backoff: Backoff(base: .milliseconds(100), maximum: .seconds(1)), logger: quiet)
        publisher = try RabbitMQPublisher(configuration: configuration)
        consumer = try RabbitMQConsumer(configuration: configuration, bodyLimit: 4 << 20)
    }

    /// Where everything published to the events exchange is kept until the test has seen it.
    var eventsQueue: String { "events.\(prefix)" }

    /// Where askers of this site may get replies.
    var replyQueue: String { "reply.\(prefix)" }

    /// Starts a program, of the `longshore` executable unless told otherwise; it is ended with the site at the latest.
    func start(
        _ arguments: [String], _ overrides: [String: String] = [:], input: [UInt8] = [],
        executable: String? = Executable.path, searchPath: String = "/usr/bin:/bin",
        environment additions: [String: String] = [:], under system: FaultySystem? = nil
    ) throws -> Program {
        let path = try #require(executable, "`swift build --build-tests` makes what these tests need")
        let variables = try baseSettings.merging(settings) { $1 }.merging(overrides) { $1 }
        // A worker that is made to crash must not spend the other tests' processors on a backtrace.
        var environment = ["PATH": searchPath, "HOME": directory, "SWIFT_BACKTRACE": "enable=no"]
        environment.merge(additions) { $1 }
        for (key, value) in variables {
            let name = key.uppercased().replacingOccurrences(of: ".", with: "_")
            environment["LONGSHORE_\(name)"] = value.replacingOccurrences(of: Self.place, with: directory)
        }
        if let system { environment.merge(system.environment) { $1 } }
        let program = try Program(path, arguments, environment: environment, input: input)
        programs.withLock { $0.append(program) }
        return program
    }

    /// Settings that make everything quick; any of them may be set otherwise.
    private var baseSettings: [String: String] {
        get throws {
            let catalog = try catalogPlace.url(path: catalogPath, schema: schema)
            return [
                "broker.url": broker, "broker.prefix": prefix, "broker.queue_type": "classic",
                "catalog.url": catalog, "stores.default.url": "file://\(storePath)",
                "fetch.allow_private": origin.rule, "worker.start_timeout": "4m",
                "lease.duration": "2s", "lease.renew": "500ms", "retry.base": "50ms", "retry.max": "200ms",
                "events.progress_interval": "100ms", "health.listen": "127.0.0.1:0", "admin.listen": "127.0.0.1:0",
            ]
        }
    }

    /// The catalog's file, when it is one.
    var catalogPath: String { "\(directory)/catalog.db" }
    /// The catalog's schema, when it is one.
    var schema: String { prefix.replacingOccurrences(of: "-", with: "_") }
    var storePath: String { "\(directory)/images" }

    /// Stands in settings for the directory of the site.
    static let place = "{site}"

    /// The store `default` and those that the settings name.
    var storePaths: [String] {
        let named = settings.filter { $0.key.hasPrefix("stores.") && $0.key.hasSuffix(".url") }.values.sorted()
        let paths = named.map { url -> String in
            String(url.dropFirst("file://".count)).replacingOccurrences(of: Self.place, with: directory)
        }
        return [storePath] + paths
    }
}

// MARK: - Life

extension Site {
    fileprivate func run(_ body: (Site) async throws -> Void) async throws {
        var topology = Topology.longshore(names, queues: queueKind, catalog: nil)
        topology.queues.append(Topology.Queue(replyQueue, .classic))
        if isListening {
            topology.queues.append(Topology.Queue(eventsQueue, .classic))
            topology.bindings.append(eventsBinding)
        }
        try await RabbitMQTopology.declare(configuration, topology)
        try await catalogPlace.prepare(schema: schema)
        let failure: (any Error)? = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [publisher] in try await publisher.run() }
            group.addTask { [consumer] in try await consumer.run() }
            group.addTask { await self.record() }
            defer { group.cancelAll() }
            try await listen()
            do {
                try await body(self)
                return nil
            } catch {
                return error
            }
        }
        for program in programs.withLock({ $0 }) { await program.destroy() }
        try await removeTopology(topology, prefix)
        try await catalogPlace.remove(schema: schema)
        try FileManager.default.removeItem(atPath: directory)
        if let failure { throw failure }
    }

    private var queueKind: Topology.Queue.Kind { settings["broker.queue_type"] == "quorum" ? .quorum : .classic }

    /// Why everything published to the events exchange comes to the test.
    var eventsBinding: Topology.Binding {
        Topology.Binding(queue: eventsQueue, exchange: names.events, routingKey: "#")
    }

    private func listen() async throws {
        if isListening { await consumer.setConsuming(eventsQueue, prefetch: 1_000) }
        await consumer.setConsuming(names.dead, prefetch: 100)
        await consumer.setConsuming(replyQueue, prefetch: 100)
        var consumed: Set<String> = []
        for await event in consumer.events {
            if case .consuming(let queue) = event { consumed.insert(queue) }
            if consumed.count == (isListening ? 3 : 2) { return }
        }
    }

    private func record() async {
        for await delivery in consumer.deliveries {
            let received = Received(delivery)
            switch delivery.queue {
            case names.dead: deadLetters.append(received)
            case replyQueue: replies.append(received)
            default: events.append(received)
            }
            await consumer.ack(delivery.id)
        }
    }

    /// Takes everything under another prefix away.
    func removeTopology(prefix: String) async throws {
        try await removeTopology(.longshore(BrokerNames(prefix: prefix), queues: .classic, catalog: nil), prefix)
    }

    private func removeTopology(_ topology: Topology, _ prefix: String) async throws {
        let names = BrokerNames(prefix: prefix)
        try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            for queue in topology.queues { try await admin.deleteQueue(queue.name) }
            for exchange in topology.exchanges { try await admin.deleteExchange(exchange.name) }
            try await admin.deleteExchange(names.catalog)
        }
    }

    /// What all programs said on standard error, for whoever must find out what went wrong.
    fileprivate var diagnosis: String {
        programs.withLock { $0 }.enumerated().map { number, program in
            "--- program \(number)\n" + program.errors.entries.suffix(60).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

/// Runs a test in a site of its own, with settings (`key: value`, as in the configuration) beside the quick ones.
///
/// - Parameters:
///   - broker: The URL of a broker of the test's own; nil for the one that all tests share.
///   - catalog: Where the catalog is; nil where it may be anywhere.
///   - isListening: Whether a queue is bound to the events exchange.
func withSite(
    _ settings: [String: String] = [:], broker: String? = nil, catalog: SiteCatalog? = nil, isListening: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (Site) async throws -> Void
) async throws {
    try await Turnstile.shared.withPlace {
        let site = try Site(
            settings, broker: try broker ?? RealBroker.url(), catalog: try catalog ?? .chosen(),
            isListening: isListening)
        do {
            try await site.run(body)
        } catch {
            Issue.record(error, "\(site.diagnosis)", sourceLocation: sourceLocation)
        }
    }
}
