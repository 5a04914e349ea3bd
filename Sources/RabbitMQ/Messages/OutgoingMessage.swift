/// A message to publish.
///
/// Messages that are in flight at the same time, to the same exchange and with the same routing key, should carry
/// different message ids: the broker names a returned message by these three only.
public struct OutgoingMessage: Sendable {
    /// The exchange; empty for the default exchange.
    public var exchange: String
    /// The routing key, at most 255 bytes.
    public var routingKey: String
    /// What goes with the body.
    public var properties: MessageProperties
    /// The body.
    public var body: [UInt8]

    /// Makes a message.
    ///
    /// - Parameters:
    ///   - exchange: The exchange; empty for the default exchange.
    ///   - routingKey: The routing key.
    ///   - properties: What goes with the body.
    ///   - body: The body.
    public init(
        exchange: String, routingKey: String, properties: MessageProperties = MessageProperties(), body: [UInt8]
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
    }

    /// Refuses what the protocol cannot carry, before a byte is written: librabbitmq would notice between two
    /// frames of the message, and then only the connection could be dropped.
    func validate(bodyLimit: Int, frameMax: Int) throws(RabbitMQError) {
        for (name, value) in properties.texts + [("exchange", exchange), ("routing key", routingKey)] {
            if let value, value.utf8.count > MessageProperties.longestText {
                throw RabbitMQError(.messageRefused, "The message's \(name) is longer than 255 bytes.")
            }
        }
        guard let size = properties.wireSize, size <= frameMax - 8 else {
            throw RabbitMQError(.messageRefused, "The message's headers are too large or nested too deeply.")
        }
        guard body.count <= bodyLimit else {
            throw RabbitMQError(
                .messageRefused, "The message has \(body.count) bytes, more than the \(bodyLimit) allowed."
            )
        }
    }
}

/// What became of a published message. Either way the broker has taken responsibility for it.
public enum PublishConfirmation: Sendable, Hashable {
    /// It is in at least one queue, on disk where the queue is durable and the message persistent.
    case routed
    /// No queue wanted it, and the broker has dropped it.
    case unroutable
}
