import RabbitMQ
import TestSupport
import Testing

@Suite("Logging in to a real broker", .needsBroker, .timeLimit(.minutes(10)))
struct LoginTests {
    @Test("A wrong password is refused, and not repeated in the error")
    func wrongPassword() async throws {
        let error = await refusal(try configuration(try RealBroker.url(login: "guest:hunter2")))
        #expect(error?.code == .authenticationRefused)
        #expect(error?.message.contains("guest") == true)
        #expect(error?.message.contains("hunter2") == false)
        #expect(error?.message.contains("127.0.0.1:") == true)
    }

    @Test("A virtual host that does not exist is named")
    func missingVirtualHost() async throws {
        let error = await refusal(try configuration(try RealBroker.url(virtualHost: "nowhere")))
        #expect(error?.code == .virtualHostRefused)
        #expect(error?.object == "nowhere")
    }

    @Test("A port nobody listens on is named")
    func nobodyThere() async throws {
        let error = await refusal(try configuration("amqp://127.0.0.1:1"))
        #expect(error?.code == .hostUnreachable)
        #expect(error?.message.contains("127.0.0.1:1") == true)
    }

    @Test("A host that does not resolve is named")
    func unresolvableHost() async throws {
        let error = await refusal(try configuration("amqp://broker.invalid"))
        #expect(error?.code == .hostUnreachable)
        #expect(error?.message.contains("broker.invalid:5672") == true)
    }

    @Test("A peer that does not speak AMQP is an error")
    func otherProtocol() async throws {
        let broker = try FakeBroker { peer, _ in
            try peer.send(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8))
            peer.waitWithoutReading()
        }
        defer { broker.stop() }
        var settings = try configuration(broker.url)
        settings.connectTimeout = .seconds(1)
        let error = await refusal(settings)
        #expect(error?.code == .protocolViolation || error?.code == .hostUnreachable)
    }

    @Test("Of a list of hosts the next is tried when the first is dead")
    func deadFirstHost() async throws {
        let settings = try configuration("amqp://127.0.0.1:1", try RealBroker.url())
        let publisher = try RabbitMQPublisher(configuration: settings)
        try await withSessions(publisher: publisher) {
            let error = try await awaitEvent(publisher.events) { $0.disconnection }
            #expect(error.code == .hostUnreachable)
            let broker = try await awaitEvent(publisher.events) { event -> BrokerInformation? in
                if case .connected(let broker) = event { broker } else { nil }
            }
            #expect(broker.product == "RabbitMQ")
            #expect(broker.endpoint == settings.endpoints[1])
            #expect(broker.epoch == 1)
        }
        try await RabbitMQTopology.declare(settings, Topology())
    }

}
