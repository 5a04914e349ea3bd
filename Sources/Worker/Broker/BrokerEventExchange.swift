import ImageModel
public import JobMessages
public import RabbitMQ

/// The exchanges on RabbitMQ.
public struct BrokerEventExchange: EventExchange {
    private let publisher: RabbitMQPublisher
    private let names: BrokerNames
    /// May be longer than the relay holds its role: that is prolonged while a confirm is awaited.
    private let confirmTimeout = Duration.seconds(10)

    /// The exchanges behind a publisher's connection.
    public init(publisher: RabbitMQPublisher, names: BrokerNames) {
        self.publisher = publisher
        self.names = names
    }

    /// See ``EventExchange/publish(_:)``.
    public func publish(_ event: OutgoingEvent) async throws(EventExchangeError) -> Routing {
        try await publish(OutgoingMessage(event, exchange: names.events))
    }

    /// See ``EventExchange/reply(_:to:)``.
    public func reply(_ event: OutgoingEvent, to queue: String) async throws(EventExchangeError) -> Routing {
        var message = OutgoingMessage(event, exchange: "")
        message.routingKey = queue
        do throws(RabbitMQError) {
            return try await confirmed(message)
        } catch {
            // A reply is a courtesy: one that the asker's queue never takes is given up.
            if error.isRefusal { return .unrouted }
            throw EventExchangeError(error)
        }
    }

    /// See ``EventExchange/bury(_:)``.
    public func bury(_ letter: BuriedMessage) async throws(EventExchangeError) -> Routing {
        try await publish(OutgoingMessage(letter, exchange: names.dead))
    }

    private func publish(_ message: OutgoingMessage) async throws(EventExchangeError) -> Routing {
        do throws(RabbitMQError) {
            return try await confirmed(message)
        } catch {
            throw EventExchangeError(error)
        }
    }

    private func confirmed(_ message: OutgoingMessage) async throws(RabbitMQError) -> Routing {
        switch try await publisher.publish(message, confirmTimeout: confirmTimeout) {
        case .routed: .routed
        case .unroutable: .unrouted
        }
    }
}

extension EventExchangeError {
    fileprivate init(_ error: RabbitMQError) {
        self.init("\(error.code.rawValue): \(error.message)")
    }
}

extension RabbitMQError {
    /// Whether the broker, or the protocol, says of this very message that it will never be taken. That the connection or
    /// the session is at an end, or that no login succeeds, says nothing of the message.
    var isRefusal: Bool {
        switch code {
        case .accessRefused, .notFound, .messageRefused, .nacked: true
        default: false
        }
    }
}

extension OutgoingMessage {
    /// A dead letter with as much of what came with it as the protocol can carry: what it cannot would keep the letter
    /// here for ever.
    init(_ letter: BuriedMessage, exchange: String) {
        var properties = MessageProperties()
        properties.contentType = letter.contentType
        properties.messageID = letter.messageID
        properties.correlationID = letter.correlationID
        properties.replyTo = letter.replyTo
        properties.deliveryMode = .persistent
        properties.headers = letter.headers.mapValues { .string($0) }
        properties.removeOverlongTexts()
        self.init(
            exchange: exchange, routingKey: Self.carriable(routingKey: letter.routingKey), properties: properties,
            body: letter.body)
    }

    /// The beginning of a routing key that has grown beyond 255 bytes as texts do (``MessageProperties``).
    private static func carriable(routingKey: String) -> String {
        var key = routingKey
        while key.utf8.count > 255 { key.unicodeScalars.removeLast() }
        return key
    }

    init(_ event: OutgoingEvent, exchange: String) {
        var properties = MessageProperties()
        properties.contentType = OutgoingEvent.contentType
        properties.messageID = event.messageID
        properties.type = event.type
        properties.appID = "longshore"
        properties.correlationID = event.correlationID
        properties.deliveryMode = event.isPersistent ? .persistent : .transient
        properties.timestamp = UInt64(max(0, event.timestamp.microseconds / 1_000_000))
        var headers: FieldTable = event.headers.mapValues { .string($0) }
        if !event.cc.isEmpty { headers["CC"] = .array(event.cc.map { .string($0) }) }
        properties.headers = headers
        properties.removeOverlongTexts()
        self.init(exchange: exchange, routingKey: event.routingKey, properties: properties, body: event.body)
    }
}
