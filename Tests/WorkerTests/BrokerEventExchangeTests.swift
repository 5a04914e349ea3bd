import JobMessages
import RabbitMQ
import TestSupport
import Testing

@testable import Worker

@Suite("The exchanges on RabbitMQ", .timeLimit(.minutes(10)))
struct BrokerEventExchangeTests {
    @Test("A dead letter goes out without what the protocol cannot carry")
    func overlongTexts() {
        let grown = String(repeating: "\u{FFFD}", count: 86)
        let letter = BuriedMessage(
            body: [1, 2], routingKey: grown, contentType: grown, messageID: grown, correlationID: grown, replyTo: grown,
            headers: ["x-longshore-code": "malformed_message"])
        let message = OutgoingMessage(letter, exchange: "dead")
        #expect(message.routingKey == String(grown.dropLast()))
        let properties = message.properties
        #expect(properties.contentType == nil && properties.messageID == nil)
        #expect(properties.correlationID == nil && properties.replyTo == nil)
        #expect(properties.headers == ["x-longshore-code": "malformed_message"])
        #expect(message.body == [1, 2])
    }

    @Test("A dead letter keeps what can be carried")
    func texts() {
        let letter = BuriedMessage(
            body: [], routingKey: "import", contentType: "application/json", messageID: "job-1", correlationID: "c",
            replyTo: "r", headers: [:])
        let message = OutgoingMessage(letter, exchange: "dead")
        #expect(message.exchange == "dead" && message.routingKey == "import")
        #expect(message.properties.contentType == "application/json" && message.properties.messageID == "job-1")
        #expect(message.properties.correlationID == "c" && message.properties.replyTo == "r")
        #expect(message.properties.deliveryMode == .persistent)
    }

    @Test("A reply that was never sent because the session is at an end is not given up")
    func endedSession() async throws {
        let publisher = try RabbitMQPublisher(
            configuration: ConnectionConfiguration(endpoints: [BrokerEndpoint(parsing: "amqp://127.0.0.1:1")]))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await publisher.run() }
            group.cancelAll()
        }
        let exchange = BrokerEventExchange(publisher: publisher, names: BrokerNames(prefix: "p"))
        await #expect(throws: EventExchangeError.self) { try await exchange.reply(Self.event, to: "reply.x") }
    }

    @Test("Only what is said of the message itself makes a reply be given up", arguments: RabbitMQError.Code.allCases)
    func refusals(code: RabbitMQError.Code) {
        let refusals: Set<RabbitMQError.Code> = [.accessRefused, .notFound, .messageRefused, .nacked]
        #expect(RabbitMQError(code, "").isRefusal == refusals.contains(code))
    }

    private static let event = CloudEventEncoder(cluster: "test").encode(CatalogSamples.event("e-1"))
}
