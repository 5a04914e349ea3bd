import RabbitMQ
import TestSupport
import Testing

@Suite("A publisher on a real broker", .needsBroker, .timeLimit(.minutes(10)))
struct PublisherTests {
    @Test("Hundreds of messages are in flight at once through a small window, and each is confirmed")
    func manyInFlight() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .quorum)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration, window: 64)
            try await withSessions(publisher: publisher) {
                var properties = MessageProperties()
                properties.deliveryMode = .persistent
                let messages = (0..<500).map {
                    OutgoingMessage(exchange: "", routingKey: queue, properties: properties, body: [UInt8($0 % 256)])
                }
                let outcomes = try await publishAll(messages, with: publisher)
                #expect(outcomes == [PublishConfirmation](repeating: .routed, count: 500))
            }
            try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
                let purged = try await admin.purgeQueue(queue)
                #expect(purged == 500)
            }
        }
    }

    @Test("A full queue that refuses messages fails the publish as refused")
    func fullQueue() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("full")
        let topology = Topology(queues: [
            .init(queue, .classic, arguments: ["x-max-length": 1, "x-overflow": "reject-publish"])
        ])
        try await withTopology(topology, on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration)
            try await withSessions(publisher: publisher) {
                let message = OutgoingMessage(exchange: "", routingKey: queue, body: [1])
                let error = await #expect(throws: RabbitMQError.self) {
                    for _ in 1...5 { _ = try await publisher.publish(message) }
                }
                #expect(error?.code == .nacked)
                #expect(error?.retryability == .transient)
            }
        }
    }

    @Test("A body of several frames arrives whole, and one above the limit is refused before it is sent")
    func largeBody() async throws {
        let configuration = try brokerConfiguration()
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            let publisher = try RabbitMQPublisher(configuration: configuration, bodyLimit: 3_000_000)
            let consumer = try RabbitMQConsumer(configuration: configuration, bodyLimit: 4_000_000)
            try await withSessions(publisher: publisher, consumer: consumer) {
                await consumer.setConsuming(queue, prefetch: 1)
                let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                let outcome = try await publisher.publish(
                    OutgoingMessage(exchange: "", routingKey: queue, body: body)
                )
                #expect(outcome == .routed)
                #expect(try await next(consumer).content == .body(body))
                let error = await #expect(throws: RabbitMQError.self) {
                    try await publisher.publish(OutgoingMessage(exchange: "", routingKey: queue, body: body + [0]))
                }
                #expect(error?.code == .messageRefused)
            }
        }
    }

    @Test(
        "What the protocol cannot carry is refused without harm to the connection",
        arguments: ["routing key", "message_id", "headers"]
    )
    func refusedMessage(part: String) async throws {
        let configuration = try brokerConfiguration()
        let publisher = try RabbitMQPublisher(configuration: configuration)
        let queue = uniqueName("q")
        try await withTopology(Topology(queues: [.init(queue, .classic)]), on: configuration) {
            try await withSessions(publisher: publisher) {
                let good = OutgoingMessage(exchange: "", routingKey: queue, body: [1])
                var bad = good
                let long = String(repeating: "x", count: 256)
                switch part {
                case "routing key": bad.routingKey = long
                case "message_id": bad.properties.messageID = long
                default: bad.properties.headers = ["big": .bytes([UInt8](repeating: 0, count: 131_072))]
                }
                let refused = bad
                let error = await #expect(throws: RabbitMQError.self) { try await publisher.publish(refused) }
                #expect(error?.code == .messageRefused)
                let outcome = try await publisher.publish(good)
                #expect(outcome == .routed)
            }
        }
    }

    @Test("A message the broker closes the channel for is told why, when it is alone")
    func falseUser() async throws {
        let publisher = try RabbitMQPublisher(configuration: try brokerConfiguration())
        try await withSessions(publisher: publisher) {
            var properties = MessageProperties()
            properties.userID = "somebody-else"
            let message = OutgoingMessage(exchange: "", routingKey: "q", properties: properties, body: [])
            let error = await #expect(throws: RabbitMQError.self) { try await publisher.publish(message) }
            #expect(error?.code == .preconditionFailed)
            #expect(error?.message.contains("user_id") == true)
            #expect(error?.retryability == .permanent)
        }
    }

    @Test("Headers that fit no frame of this broker are refused, and the connection stands")
    func smallFrames() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake(frameMax: 4_096)
            let channel = try peer.openPublishingChannel()
            try peer.await(.publish)
            try peer.send(.ack, on: channel, WireBytes().number(UInt64(1)).octet(0))
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            var message = OutgoingMessage(exchange: "x", routingKey: "k", body: [1])
            message.properties.headers = ["big": .bytes([UInt8](repeating: 0, count: 5_000))]
            let large = message
            let error = await #expect(throws: RabbitMQError.self) { try await publisher.publish(large) }
            #expect(error?.code == .messageRefused)
            message.properties.headers = nil
            let outcome = try await publisher.publish(message)
            #expect(outcome == .routed)
        }
    }

    @Test("Without a connection a publish fails when its time is up, and waiting for one can be cancelled")
    func notConnected() async throws {
        let publisher = try RabbitMQPublisher(configuration: try brokerConfiguration())
        let error = await #expect(throws: RabbitMQError.self) {
            try await publisher.publish(
                OutgoingMessage(exchange: "", routingKey: "q", body: []), confirmTimeout: .milliseconds(50)
            )
        }
        #expect(error?.code == .notConnected)
        let waiting = Task { () async -> RabbitMQError? in
            do throws(RabbitMQError) {
                try await publisher.waitUntilConnected()
                return nil
            } catch {
                return error
            }
        }
        waiting.cancel()
        #expect(await waiting.value?.code == .cancelled)
    }
}

@Suite("Cancelling a publish", .timeLimit(.minutes(10)))
struct PublishCancellationTests {
    @Test("A publish that is cancelled after it was written leaves the numbers of the confirms in order")
    func cancelledPublish() async throws {
        let (seen, signal) = AsyncStream.makeStream(of: Void.self)
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openPublishingChannel()
            try peer.await(.publish)
            signal.yield()
            try peer.await(.publish)
            try peer.send(.ack, on: channel, WireBytes().number(UInt64(2)).octet(0))
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            let message = OutgoingMessage(exchange: "x", routingKey: "k", body: [1])
            let first = Task { () async -> RabbitMQError? in
                do throws(RabbitMQError) {
                    _ = try await publisher.publish(message)
                    return nil
                } catch {
                    return error
                }
            }
            for await _ in seen { break }
            first.cancel()
            #expect(await first.value?.code == .cancelled)
            let outcome = try await publisher.publish(message)
            #expect(outcome == .routed)
        }
    }
    @Test("A confirm that comes during the goodbye still counts, and what was not written fails")
    func confirmDuringGoodbye() async throws {
        let (seen, signal) = AsyncStream.makeStream(of: Void.self)
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openPublishingChannel()
            try peer.await(.publish)
            signal.yield()
            try peer.await(.connectionClose)
            try peer.send(.ack, on: channel, WireBytes().number(UInt64(1)).octet(0))
            try peer.send(.connectionCloseOK, on: 0)
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url), window: 1)
        let message = OutgoingMessage(exchange: "x", routingKey: "k", body: [1])
        let run = Task { try await publisher.run() }
        async let first = publisher.publish(message)
        for await _ in seen { break }
        let second = Task { try await publisher.publish(message) }
        run.cancel()
        let outcome = try await first
        #expect(outcome == .routed)
        await #expect(throws: RabbitMQError.self) { try await second.value }
        try await run.value
    }
}
