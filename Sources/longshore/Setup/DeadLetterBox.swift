import LongshoreSettings
import RabbitMQ
import Worker

/// The queue of dead letters, read without taking anything out of it.
///
/// What is not settled goes back to its place when the command ends.
struct DeadLetterBox {
    let access: BrokerAccess

    /// Letters that lie there, without those that another command looks at now.
    func count() async throws -> Int {
        do throws(RabbitMQError) {
            return try await RabbitMQAdmin.withSession(access.configuration) { admin throws(RabbitMQError) in
                try await admin.queueStatus(access.names.dead).messages
            }
        } catch {
            throw trouble(error)
        }
    }

    /// Drops all letters that nobody looks at; returns how many.
    func purge() async throws -> Int {
        do throws(RabbitMQError) {
            return try await RabbitMQAdmin.withSession(access.configuration) { admin throws(RabbitMQError) in
                try await admin.purgeQueue(access.names.dead)
            }
        } catch {
            throw trouble(error)
        }
    }

    /// Lends the oldest letters, at most `limit`; those that come meanwhile are not among them.
    func withLetters<Result: Sendable>(
        atMost limit: Int, _ body: (Letters) async throws -> Result
    ) async throws -> Result {
        let total = try await count()
        let expected = min(limit, total, Int(UInt16.max))
        let consumer: RabbitMQConsumer
        do throws(RabbitMQError) {
            consumer = try RabbitMQConsumer(configuration: access.configuration)
        } catch {
            throw trouble(error)
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            defer { group.cancelAll() }
            if expected > 0 {
                await consumer.setConsuming(access.names.dead, prefetch: UInt16(clamping: expected))
            }
            return try await body(Letters(consumer: consumer, expected: expected, total: total))
        }
    }

    private func trouble(_ error: RabbitMQError) -> CommandTrouble {
        guard error.code == .notFound else { return CommandTrouble(error) }
        return CommandTrouble(
            .brokerUnreachable,
            "broker: there is no queue \"\(access.names.dead)\": run `longshore topology declare` or a worker")
    }

    /// A letter and how to settle it.
    struct Held {
        let letter: StoredDeadLetter
        fileprivate let delivery: Delivery.ID
    }

    /// The letters, one after the other, the oldest first.
    struct Letters {
        fileprivate let consumer: RabbitMQConsumer
        fileprivate let expected: Int
        /// How many lay there when the command began.
        let total: Int

        /// Takes each letter in turn.
        func visit(_ body: (Held) async throws -> Void) async throws {
            var epoch: UInt64?
            for _ in 0..<expected {
                // Another command may hold the rest.
                guard let delivery = await next(within: .seconds(5)) else { return }
                guard epoch == nil || epoch == delivery.id.epoch else {
                    throw CommandTrouble(
                        .brokerUnreachable, "broker: the connection was lost on the way; start again with what is left")
                }
                epoch = delivery.id.epoch
                let letter = StoredDeadLetter(
                    routingKey: delivery.routingKey, properties: delivery.properties, content: delivery.content)
                try await body(Held(letter: letter, delivery: delivery.id))
            }
        }

        /// Takes a letter out of the queue.
        func remove(_ held: Held) async {
            await consumer.ack(held.delivery)
        }

        private func next(within limit: Duration) async -> Delivery? {
            await withTaskGroup(of: Delivery?.self) { group in
                group.addTask { await consumer.nextDeliveries(upTo: 1).first }
                group.addTask {
                    try? await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                return await group.next() ?? nil
            }
        }
    }
}
