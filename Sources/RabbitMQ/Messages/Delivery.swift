/// A message from a queue, to be settled with `RabbitMQConsumer.ack`, `ack(upTo:)` or `reject`.
public struct Delivery: Sendable, Identifiable {
    /// Names one delivery on one channel of one connection. A delivery that comes again has another id.
    public struct ID: Sendable, Hashable {
        /// Which of the session's connections, counted from 1.
        public let epoch: UInt64
        /// Which of the session's channels, counted from 1 over all connections, so that a tag of a channel that
        /// was closed is never mistaken for one of its successor.
        let incarnation: UInt64
        /// The queue, as given to `setConsuming`.
        let queue: String
        /// The broker's delivery tag, counted from 1 on each channel.
        public let tag: UInt64
    }

    /// The body, unless it is too large.
    public enum Content: Sendable, Hashable {
        /// The whole body.
        case body([UInt8])
        /// The body has this many bytes, more than the session accepts; they were discarded as they came.
        case oversized(UInt64)
    }

    /// What to settle.
    public let id: ID
    /// The queue, as given to `setConsuming` or `watch`.
    public var queue: String { id.queue }
    /// The body, or its size.
    public let content: Content
    /// The exchange the message was published to; empty for the default exchange.
    public let exchange: String
    /// The key it was published with.
    public let routingKey: String
    /// Whether the broker has delivered it before. False does not prove a first delivery.
    public let redelivered: Bool
    /// Everything the publisher said about the message.
    public let properties: MessageProperties
}
