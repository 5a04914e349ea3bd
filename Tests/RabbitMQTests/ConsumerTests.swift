import RabbitMQ
import TestSupport
import Testing

@Suite("A consumer on a real broker", .needsBroker, .timeLimit(.minutes(10)))
struct ConsumerTests {
    @Test("Two queues are consumed side by side, each with its own prefetch")
    func independentPrefetch() async throws {
        let configuration = try brokerConfiguration()
        let (narrow, wide) = (uniqueName("narrow"), uniqueName("wide"))
        let topology = Topology(queues: [.init(narrow, .classic), .init(wide, .quorum)])
        try await withTopology(topology, on: configuration) {
            try await fill([narrow, wide], with: 10, on: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(consumer: consumer) {
                await consumer.setConsuming(narrow, prefetch: 1)
                await consumer.setConsuming(wide, prefetch: 5)
                var taken: [Delivery] = []
                while taken.count < 6 { taken += await consumer.nextDeliveries(upTo: 6 - taken.count) }
                #expect(taken.count { $0.queue == narrow } == 1)
                #expect(taken.count { $0.queue == wide } == 5)
                #expect(await consumer.unsettledCount(narrow) == 1)
                let last = try #require(taken.last { $0.queue == wide })
                #expect(await consumer.ack(upTo: last.id))
                var more: [Delivery] = []
                while more.count < 5 { more += await consumer.nextDeliveries(upTo: 5) }
                #expect(await consumer.unsettledCount(wide) == 5, "the acknowledgement settled all before it")
                #expect(more.allSatisfy { $0.queue == wide }, "the narrow queue has no credit left")
            }
        }
    }

    @Test("A body above the limit is announced by its size, can be rejected, and holds up nothing")
    func oversizedBody() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration, bodyLimit: 1_000)
            try await withSessions(publisher: publisher, consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 10)
                for size in [300_000, 1_001, 1_000] {
                    let body = [UInt8](repeating: 1, count: size)
                    _ = try await publisher.publish(OutgoingMessage(exchange: "", routingKey: queue, body: body))
                }
                let first = try await next(consumer)
                #expect(first.content == .oversized(300_000))
                #expect(await consumer.reject(first.id, requeue: false))
                let second = try await next(consumer)
                #expect(second.content == .oversized(1_001))
                #expect(await consumer.reject(second.id, requeue: false))
                #expect(try await next(consumer).content == .body([UInt8](repeating: 1, count: 1_000)))
            }
        }
    }

    @Test("A deleted queue is reported, and consumed again when it comes back")
    func deletedQueue() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        let topology = Topology(queues: [.init(queue, .classic)])
        try await withTopology(topology, on: configuration) {
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 1)
                _ = try await awaitEvent(consumer.events) { $0.consumedQueue }
                try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
                    try await admin.deleteQueue(queue)
                }
                let error = try await awaitEvent(consumer.events) { $0.interruption }
                #expect(error.code == .notFound)
                #expect(error.object == queue)
                try await RabbitMQTopology.declare(configuration, topology)
                #expect(try await awaitEvent(consumer.events) { $0.consumedQueue } == queue)
            }
        }
    }

    @Test("A queue that does not exist yet is consumed as soon as it does")
    func lateQueue() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("late")
        let consumer = try RabbitMQConsumer(configuration: configuration)
        try await withSessions(consumer: consumer) {
            await consumer.setConsuming(queue, prefetch: 1)
            let error = try await awaitEvent(consumer.events) { $0.interruption }
            #expect(error.code == .notFound)
            try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
                let consumed = try await awaitEvent(consumer.events) { $0.consumedQueue }
                #expect(consumed == queue)
            }
        }
    }

    @Test("Recycling a queue gives its deliveries back to the broker, and old settlements do nothing")
    func recycle() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            try await fill([queue], with: 3, on: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 3)
                let old = try await next(consumer)
                await consumer.recycle(queue)
                let again = try await next(consumer)
                #expect(again.redelivered)
                #expect(again.id != old.id)
                #expect(await !consumer.ack(old.id))
                #expect(await consumer.ack(again.id))
            }
        }
    }

    @Test("A stopped consumer takes nothing more, can settle what it has, and can be started again")
    func stopAndStart() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            try await fill([queue], with: 2, on: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 1)
                let first = try await next(consumer)
                await consumer.stopConsuming(queue)
                #expect(await consumer.ack(first.id))
                try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
                    var status = try await admin.queueStatus(queue)
                    while status.consumers > 0 { status = try await admin.queueStatus(queue) }
                    #expect(status.messages == 1)
                }
                await consumer.setConsuming(queue, prefetch: 2)
                let second = try await next(consumer)
                #expect(await consumer.ack(second.id))
            }
        }
    }

    @Test("A watcher receives what matches its pattern through a queue of its own")
    func watch() async throws {
        let configuration = try brokerConfiguration()
        let exchange = uniqueName("events")
        try await withTopology(Topology(exchanges: [.init(exchange, .topic)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(publisher: publisher, consumer: consumer) {
                let name = await consumer.watch(exchange: exchange, patterns: ["image.#", "job.done"])
                _ = try await awaitEvent(consumer.events) { $0.consumedQueue }
                let keys = ["image.import.completed", "other", "job.done"]
                let outcomes = try await publishAll(
                    keys.map { OutgoingMessage(exchange: exchange, routingKey: $0, body: []) }, with: publisher
                )
                #expect(outcomes == [.routed, .unroutable, .routed])
                let received = [try await next(consumer), try await next(consumer)]
                #expect(Set(received.map(\.routingKey)) == ["image.import.completed", "job.done"])
                #expect(received.allSatisfy { $0.queue == name })
            }
        }
    }

    @Test("Deliveries end when the session ends, and for a reader that is cancelled")
    func endOfDeliveries() async throws {
        let consumer = try RabbitMQConsumer(configuration: try brokerConfiguration())
        try await withSessions(consumer: consumer) {
            let cancelled = Task { await consumer.nextDeliveries(upTo: 1).count }
            cancelled.cancel()
            #expect(await cancelled.value == 0)
        }
        var count = 0
        for await _ in consumer.deliveries { count += 1 }
        #expect(count == 0)
        let error = await #expect(throws: RabbitMQError.self) { try await consumer.run() }
        #expect(error?.code == .closed)
    }
}

/// Puts `count` small messages in each queue.
func fill(_ queues: [String], with count: Int, on configuration: ConnectionConfiguration) async throws {
    let publisher = try RabbitMQPublisher(configuration: configuration)
    let messages = queues.flatMap { queue in
        (0..<count).map { OutgoingMessage(exchange: "", routingKey: queue, body: [UInt8($0)]) }
    }
    try await withSessions(publisher: publisher) {
        let outcomes = try await publishAll(messages, with: publisher)
        #expect(outcomes.allSatisfy { $0 == .routed })
    }
}
