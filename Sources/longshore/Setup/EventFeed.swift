import JobMessages
import Logging
import RabbitMQ
import Worker

/// Events as they come, through an exclusive queue of our own.
struct EventFeed {
    private let consumer: RabbitMQConsumer
    private let exchange: String

    init(_ access: BrokerAccess) throws(CommandTrouble) {
        do throws(RabbitMQError) {
            consumer = try RabbitMQConsumer(configuration: access.configuration)
        } catch {
            throw CommandTrouble(error)
        }
        exchange = access.names.events
    }

    /// Binds the patterns, waits until the broker has confirmed that, and lends the events to `body`.
    ///
    /// - Parameter onGap: Called when the connection was lost, so that events may be missing; ends `body` by throwing.
    func withEvents<Result: Sendable>(
        matching patterns: [String], onGap: @escaping @Sendable () throws -> Void,
        _ body: @escaping @Sendable (Events) async throws -> Result
    ) async throws -> Result {
        let consumer = consumer
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await consumer.run()
                return nil
            }
            defer { group.cancelAll() }
            await consumer.watch(exchange: exchange, patterns: patterns)
            try await waitUntilConsuming()
            group.addTask { try await body(Events(consumer: consumer)) }
            group.addTask {
                for await event in consumer.events {
                    if case .disconnected = event { try onGap() }
                }
                return nil
            }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw CancellationError()
        }
    }

    private func waitUntilConsuming() async throws {
        for await event in consumer.events {
            switch event {
            case .consuming: return
            case .consumerInterrupted(_, let error, _):
                guard error.code == .notFound || error.code == .accessRefused else { continue }
                throw CommandTrouble(
                    .brokerUnreachable,
                    "broker: \(error.message) Run `longshore topology declare` or a worker first.")
            default: continue
            }
        }
    }

    /// The events, one after the other.
    struct Events {
        fileprivate let consumer: RabbitMQConsumer

        /// The next event and its bytes; nil when there will be none.
        func next() async -> (ReceivedEvent, [UInt8])? {
            while let delivery = await consumer.nextDeliveries(upTo: 1).first {
                await consumer.ack(delivery.id)
                guard case .body(let body) = delivery.content, let event = try? ReceivedEvent(body) else { continue }
                return (event, body)
            }
            return nil
        }
    }
}
