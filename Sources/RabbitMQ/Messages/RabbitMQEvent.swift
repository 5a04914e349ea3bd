/// What happens to a session, for logs, metrics and health checks.
public enum RabbitMQEvent: Sendable {
    /// A connection stands.
    case connected(BrokerInformation)
    /// The connection was lost, or could not be made; the session tries again after `retryIn`.
    case disconnected(RabbitMQError, retryIn: Duration)
    /// The broker refuses to read from publishers, for example for lack of memory.
    case blocked(reason: String)
    /// The broker reads again.
    case unblocked
    /// A queue is being consumed.
    case consuming(queue: String)
    /// A queue is no longer consumed: it was deleted, its channel was closed, or it does not exist. The session tries
    /// again after `retryIn`. Deliveries not yet settled come again.
    case consumerInterrupted(queue: String, RabbitMQError, retryIn: Duration)
    /// The broker closed the channel for publishing, for example because an exchange does not exist. Another is opened at
    /// once; what was written and not confirmed has failed.
    case publisherInterrupted(RabbitMQError)
    /// The session has ended and will not come back.
    case ended
}

/// The peer of a connection.
public struct BrokerInformation: Sendable, Hashable {
    /// Which of the session's connections, counted from 1.
    public let epoch: UInt64
    /// The endpoint in use.
    public let endpoint: BrokerEndpoint
    /// What the broker says about itself: `product`, `version`, `capabilities` and so on.
    public let properties: FieldTable

    /// For example `RabbitMQ`.
    public var product: String { properties["product"]?.stringValue ?? "unknown" }
    /// For example `3.10.8`.
    public var version: String { properties["version"]?.stringValue ?? "unknown" }
}
