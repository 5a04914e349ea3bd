import RabbitMQ
import TestSupport
import Testing

@Suite("Publishing and consuming on a real broker", .needsBroker, .timeLimit(.minutes(10)))
struct PublishConsumeTests {
    @Test("A published message arrives with its body and all its properties")
    func roundTrip() async throws {
        let configuration = try brokerConfiguration()
        let (exchange, queue) = (uniqueName("x"), uniqueName("q"))
        let topology = Topology(
            exchanges: [.init(exchange, .topic)],
            queues: [.init(queue, .classic)],
            bindings: [.init(queue: queue, exchange: exchange, routingKey: "image.*")]
        )
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.contentEncoding = "identity"
        properties.deliveryMode = .persistent
        properties.priority = 3
        properties.correlationID = "job-1"
        properties.replyTo = "answers"
        properties.messageID = "m-1"
        properties.timestamp = 1_700_000_000
        properties.type = "image.import"
        properties.userID = "guest"
        properties.appID = "tests"
        properties.headers = [
            "flag": true, "text": "grüße", "number": .int64(-5), "small": .int8(-1), "short": .int16(-300),
            "long": .int32(70_000), "double": .double(1.5), "float": .float(0.5), "raw": .bytes([0, 255]),
            "when": .timestamp(17), "none": .void, "list": .array(["a", .int64(1), .table(["x": .boolean(false)])]),
            "price": .decimal(scale: 2, value: 1_999),
        ]
        try await withTopology(topology, on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            let consumer = try RabbitMQConsumer(configuration: configuration)
            try await withSessions(publisher: publisher, consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 10)
                let message = OutgoingMessage(
                    exchange: exchange, routingKey: "image.import", properties: properties, body: [1, 2, 3]
                )
                let confirmation = try await publisher.publish(message)
                #expect(confirmation == .routed)
                let delivery = try await next(consumer)
                #expect(delivery.content == .body([1, 2, 3]))
                #expect(delivery.properties == properties)
                #expect(delivery.exchange == exchange)
                #expect(delivery.routingKey == "image.import")
                #expect(delivery.queue == queue)
                #expect(!delivery.redelivered)
                #expect(await consumer.ack(delivery.id))
                #expect(await !consumer.ack(delivery.id), "a second acknowledgement must not reach the broker")
            }
        }
    }

    @Test("A message that no queue wants is confirmed as unroutable")
    func unroutable() async throws {
        let configuration = try brokerConfiguration()
        let exchange = uniqueName("x")
        try await withTopology(Topology(exchanges: [.init(exchange, .fanout)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            try await withSessions(publisher: publisher) {
                let message = OutgoingMessage(exchange: exchange, routingKey: "nobody", body: [1])
                let confirmation = try await publisher.publish(message)
                #expect(confirmation == .unroutable)
            }
        }
    }

    @Test("A missing exchange fails its own messages, and the channel is opened again")
    func missingExchange() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            try await withSessions(publisher: publisher) {
                let missing = uniqueName("missing")
                let error = await #expect(throws: RabbitMQError.self) {
                    try await publisher.publish(OutgoingMessage(exchange: missing, routingKey: "k", body: [1]))
                }
                #expect(error?.code == .exchangeMissing)
                #expect(error?.object == missing)
                #expect(error?.retryability == .permanent)
                let message = OutgoingMessage(exchange: "", routingKey: queue, body: [2])
                let confirmation = try await publisher.publish(message)
                #expect(confirmation == .routed)
            }
        }
    }
}
