import Foundation
import RabbitMQ
import TestSupport
import Testing

/// What an operator, or a broker short of memory, does to connections. One after another, because an alarm is felt by
/// the whole node.
@Suite("Under the operator's hands", .needsBrokerControl, .serialized, .timeLimit(.minutes(10)))
struct OperatorTests {
    @Test("A connection closed by the operator comes back; what was unsettled comes again, old settlements do nothing")
    func closedByOperator() async throws {
        try await withVirtualHost { host in
            let configuration = try configuration(try RealBroker.url(virtualHost: host))
            let queue = uniqueName("q")
            try await RabbitMQTopology.declare(configuration, Topology(queues: [.init(queue, .classic)]))
            try await fill([queue], with: 1, on: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 5)
                let old = try await next(consumer)
                try await RealBroker.control("close_all_connections", "--vhost", host, "maintenance")
                let error = try await awaitEvent(consumer.events) { $0.disconnection }
                #expect(error.code == .connectionLost)
                #expect(error.replyCode == 320)
                #expect(error.message.contains("maintenance"))
                let again = try await next(consumer)
                #expect(again.redelivered)
                #expect(again.id.epoch == old.id.epoch + 1)
                #expect(await !consumer.ack(old.id))
                #expect(await consumer.ack(again.id))
            }
            let empty = try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
                try await admin.queueStatus(queue)
            }
            #expect(empty.messages == 0)
        }
    }

    @Test("A publisher survives the operator too, and knows that the end of what was in flight is unknown")
    func publisherClosedByOperator() async throws {
        try await withVirtualHost { host in
            let configuration = try configuration(try RealBroker.url(virtualHost: host))
            let queue = uniqueName("q")
            try await RabbitMQTopology.declare(configuration, Topology(queues: [.init(queue, .classic)]))
            let publisher = try RabbitMQPublisher(configuration: configuration)
            try await withSessions(publisher: publisher) {
                try await RealBroker.control("close_all_connections", "--vhost", host, "maintenance")
                _ = try await awaitEvent(publisher.events) { $0.disconnection }
                let outcome = try await publisher.publish(OutgoingMessage(exchange: "", routingKey: queue, body: [1]))
                #expect(outcome == .routed)
            }
        }
    }

    @Test("An alarm blocks the publisher, within its time limit, and not the consumer; its end lets it go on")
    func alarm() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            let message = OutgoingMessage(exchange: "", routingKey: queue, body: [1])
            try await withSessions(publisher: publisher, consumer: consumer) {
                _ = try await publisher.publish(message)
                await consumer.setConsuming(queue, prefetch: 1)
                let delivery = try await next(consumer)
                try await withAlarm {
                    // The broker tells a publisher of the alarm only when it publishes.
                    let first = await #expect(throws: RabbitMQError.self) {
                        try await publisher.publish(message, confirmTimeout: .seconds(2))
                    }
                    #expect(first?.code == .confirmTimeout)
                    _ = try await awaitEvent(publisher.events) { $0.isBlocked }
                    #expect(await publisher.isBlocked)
                    let second = await #expect(throws: RabbitMQError.self) {
                        try await publisher.publish(message, confirmTimeout: .milliseconds(100))
                    }
                    #expect(second?.code == .blocked)
                    #expect(second?.retryability == .transient)
                    #expect(await consumer.ack(delivery.id))
                }
                _ = try await awaitEvent(publisher.events) { $0.isUnblocked }
                let outcome = try await publisher.publish(message)
                #expect(outcome == .routed)
                #expect(await !publisher.isBlocked)
            }
        }
    }

    @Test("Heartbeats are kept while every thread of the process's pool is busy")
    func busyProcess() async throws {
        var settings = try brokerConfiguration()
        settings.heartbeat = .seconds(1)
        let configuration = settings
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(publisher: publisher, consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 1)
                _ = try await awaitEvent(consumer.events) { $0.consumedQueue }
                await withTaskGroup { group in
                    // The broker closes a silent connection after three intervals.
                    for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
                        group.addTask { @concurrent in pause(milliseconds: 4_000) }
                    }
                }
                _ = try await publisher.publish(OutgoingMessage(exchange: "", routingKey: queue, body: [1]))
                let delivery = try await next(consumer)
                #expect(delivery.id.epoch == 1, "the first connection still stands")
            }
        }
    }

    /// Runs `body` while the node believes that it is out of memory.
    private func withAlarm(_ body: () async throws -> Void) async throws {
        try await RealBroker.control("eval", "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}).")
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await RealBroker.control("eval", "rabbit_alarm:clear_alarm({resource_limit, memory, node()}).")
        try result.get()
    }

    /// Runs `body` with a virtual host of its own, so that nobody else's connections are touched.
    private func withVirtualHost(_ body: (String) async throws -> Void) async throws {
        let name = uniqueName("host")
        try await RealBroker.control("add_vhost", name)
        let result: Result<Void, any Error>
        do {
            try await RealBroker.control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
            result = .success(try await body(name))
        } catch {
            result = .failure(error)
        }
        try await RealBroker.control("delete_vhost", name)
        try result.get()
    }
}
