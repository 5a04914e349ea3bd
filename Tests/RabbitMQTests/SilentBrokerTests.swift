import TestSupport
import Testing

@testable import RabbitMQ

/// Faults 1, 5, 6 and 12 of librabbitmq 0.11: calls without a limit.
@Suite("A broker that falls silent or does not read", .timeLimit(.minutes(10)))
struct SilentBrokerTests {
    @Test("A publish to a broker that fell silent fails when two heartbeats are missing")
    func publishToSilentBroker() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake(heartbeat: 1)
            try peer.openPublishingChannel()
            peer.waitWithoutReading()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            let error = await #expect(throws: RabbitMQError.self) {
                try await publisher.publish(OutgoingMessage(exchange: "x", routingKey: "k", body: [1]))
            }
            #expect(error?.code == .connectionLost)
            #expect(error?.message.contains("heartbeat") == true)
            #expect(error?.retryability == .outcomeUnknown)
        }
    }

    @Test("Looking for frames shows an expired heartbeat at once, before a write could wait for it")
    func expiredHeartbeat() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake(heartbeat: 1)
            peer.waitWithoutReading()
        }
        defer { broker.stop() }
        let settings = try configuration(broker.url)
        let transport = try Handshake(endpoint: settings.endpoints[0], configuration: settings).perform()
        // The passing of time is what is tested: two intervals and a little.
        try await Task.sleep(for: .milliseconds(2_600))
        let error = #expect(throws: RabbitMQError.self) { try transport.nextFrame() }
        #expect(error?.code == .connectionLost)
    }

    @Test("A write to a broker that does not read is ended after two heartbeat intervals")
    func publishToStalledBroker() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake(heartbeat: 1)
            try peer.openPublishingChannel()
            peer.waitWithoutReading()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            let message = OutgoingMessage(
                exchange: "x", routingKey: "k", body: [UInt8](repeating: 7, count: 16 << 20)
            )
            let start = ContinuousClock.now
            let error = await #expect(throws: RabbitMQError.self) {
                try await publisher.publish(message, confirmTimeout: .seconds(100))
            }
            #expect(error?.code == .connectionLost)
            #expect(start.duration(to: .now) < .seconds(60))
        }
    }

    @Test("A request without an answer fails in time")
    func requestWithoutAnswer() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        var settings = try configuration(broker.url)
        settings.requestTimeout = .seconds(2)
        let patient = settings
        let error = await #expect(throws: RabbitMQError.self) {
            try await RabbitMQTopology.declare(patient, Topology(queues: [.init("q", .classic)]))
        }
        #expect(error?.code == .timedOut)
    }

    @Test("A publish without a confirm fails in time, and its late confirm disturbs nothing")
    func missingConfirm() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            let channel = try peer.openPublishingChannel()
            try peer.await(.publish)
            try peer.await(.publish)
            try peer.send(.ack, on: channel, WireBytes().number(UInt64(1)).octet(0))
            try peer.send(.ack, on: channel, WireBytes().number(UInt64(2)).octet(0))
            try peer.sayGoodbye()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            let message = OutgoingMessage(exchange: "x", routingKey: "k", body: [1])
            let error = await #expect(throws: RabbitMQError.self) {
                try await publisher.publish(message, confirmTimeout: .seconds(2))
            }
            #expect(error?.code == .confirmTimeout)
            let confirmation = try await publisher.publish(message)
            #expect(confirmation == .routed)
        }
    }

    @Test("A session ends at once when it is cancelled while the broker does not answer the login")
    func cancelledDuringLogin() async throws {
        let (connected, signal) = AsyncStream.makeStream(of: Void.self)
        let broker = try FakeBroker { peer, _ in
            signal.yield()
            peer.waitWithoutReading()
        }
        defer { broker.stop() }
        var settings = try configuration(broker.url)
        // Longer than the test may take: only the cancellation can end the session in time.
        settings.connectTimeout = .seconds(120)
        let publisher = try RabbitMQPublisher(configuration: settings)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            for await _ in connected { break }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("A connection that is reset in the middle of a publish is an error and not a signal")
    func resetDuringPublish() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.handshake()
            try peer.openPublishingChannel()
            try peer.await(.publish)
            peer.reset()
        }
        defer { broker.stop() }
        let publisher = try RabbitMQPublisher(configuration: try configuration(broker.url))
        try await withSessions(publisher: publisher) {
            let message = OutgoingMessage(
                exchange: "x", routingKey: "k", body: [UInt8](repeating: 7, count: 8 << 20)
            )
            let error = await #expect(throws: RabbitMQError.self) { try await publisher.publish(message) }
            #expect(error?.code == .connectionLost)
        }
    }

    @Test("A heartbeat is written after half an interval in which nothing else was, and not before")
    func ownHeartbeats() async throws {
        let (seen, signal) = AsyncStream.makeStream(of: UInt8.self)
        let broker = try FakeBroker { peer, _ in
            try peer.handshake(heartbeat: 20)
            signal.yield(try peer.readFrame().type)
        }
        defer { broker.stop() }
        let settings = try configuration(broker.url)
        let transport = try Handshake(endpoint: settings.endpoints[0], configuration: settings).perform()
        let connection = Connection(transport: transport, bodyLimit: 0, requestTimeout: .seconds(1))
        let before = transport.lastWrite
        connection.keepAlive(now: before + .seconds(9))
        #expect(transport.lastWrite == before)
        connection.keepAlive(now: before + .seconds(10))
        #expect(transport.lastWrite > before)
        for await type in seen {
            #expect(type == 8)
            break
        }
    }
}
