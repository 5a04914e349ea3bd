import Foundation
import Logging
import RabbitMQ
import TestSupport
import Testing

/// A configuration with short pauses, and a quiet logger.
func configuration(_ urls: String..., tls: TLSConfiguration = TLSConfiguration()) throws -> ConnectionConfiguration {
    var configuration = ConnectionConfiguration(
        endpoints: try urls.map { try BrokerEndpoint(parsing: $0) },
        tls: tls,
        name: "test",
        connectTimeout: .seconds(5),
        backoff: Backoff(base: .milliseconds(50), maximum: .milliseconds(200))
    )
    configuration.logger.logLevel = .critical
    return configuration
}

/// A configuration for the real broker.
func brokerConfiguration() throws -> ConnectionConfiguration {
    try configuration(try RealBroker.url())
}

/// A name no other test uses.
func uniqueName(_ prefix: String = "t") -> String {
    "\(prefix)-\(UUID().uuidString.prefix(8).lowercased())"
}

/// Runs `body` with a publisher and a consumer that are connected, and ends both.
func withSessions<Result: Sendable>(
    publisher: RabbitMQPublisher? = nil, consumer: RabbitMQConsumer? = nil,
    _ body: () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        if let publisher { group.addTask { try await publisher.run() } }
        if let consumer { group.addTask { try await consumer.run() } }
        defer { group.cancelAll() }
        if let publisher { try await publisher.waitUntilConnected() }
        return try await body()
    }
}

/// Runs `body` with a topology that is taken away afterwards.
func withTopology<Result: Sendable>(
    _ topology: Topology, on configuration: ConnectionConfiguration, _ body: () async throws -> Result
) async throws -> Result {
    try await RabbitMQTopology.declare(configuration, topology)
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
        for queue in topology.queues { try await admin.deleteQueue(queue.name) }
        for exchange in topology.exchanges { try await admin.deleteExchange(exchange.name) }
    }
    return try result.get()
}

/// Publishes all at once.
///
/// - Returns: What became of each.
func publishAll(_ messages: [OutgoingMessage], with publisher: RabbitMQPublisher) async throws -> [PublishConfirmation]
{
    try await withThrowingTaskGroup { group in
        for (index, message) in messages.enumerated() {
            group.addTask { (index, try await publisher.publish(message)) }
        }
        var results: [Int: PublishConfirmation] = [:]
        for try await (index, confirmation) in group { results[index] = confirmation }
        return messages.indices.compactMap { results[$0] }
    }
}

/// The next delivery, which must come.
func next(_ consumer: RabbitMQConsumer) async throws -> Delivery {
    try #require(await consumer.nextDeliveries(upTo: 1).first)
}

/// Waits for the first event that `transform` accepts.
func awaitEvent<Value: Sendable>(
    _ events: AsyncStream<RabbitMQEvent>, _ transform: (RabbitMQEvent) -> Value?
) async throws -> Value {
    for await event in events {
        if let value = transform(event) { return value }
    }
    throw EventMissing()
}

struct EventMissing: Error {}

extension RabbitMQEvent {
    /// The epoch, when this is `connected`.
    var connectedEpoch: UInt64? {
        if case .connected(let broker) = self { broker.epoch } else { nil }
    }

    /// The reason, when this is `disconnected`.
    var disconnection: RabbitMQError? {
        if case .disconnected(let error, _) = self { error } else { nil }
    }

    /// The reason, when this is `consumerInterrupted`.
    var interruption: RabbitMQError? {
        if case .consumerInterrupted(_, let error, _) = self { error } else { nil }
    }

    /// True when this is `blocked`.
    var isBlocked: Bool? {
        if case .blocked = self { true } else { nil }
    }

    /// True when this is `unblocked`.
    var isUnblocked: Bool? {
        if case .unblocked = self { true } else { nil }
    }

    /// The queue, when this is `consuming`.
    var consumedQueue: String? {
        if case .consuming(let queue) = self { queue } else { nil }
    }
}
