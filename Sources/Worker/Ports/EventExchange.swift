public import JobMessages

/// The exchanges as the worker sees them.
public protocol EventExchange: Sendable {
    /// Publishes an event to the topic exchange of events and waits for the broker's confirm.
    ///
    /// - Returns: Whether a queue took it.
    /// - Throws: ``EventExchangeError``.
    func publish(_ event: OutgoingEvent) async throws(EventExchangeError) -> Routing

    /// Publishes an event to one asker's own queue and waits for the broker's confirm.
    func reply(_ event: OutgoingEvent, to queue: String) async throws(EventExchangeError) -> Routing

    /// Publishes a message that can never become a job, with its original bytes, and waits for the broker's confirm.
    func bury(_ letter: BuriedMessage) async throws(EventExchangeError) -> Routing
}

/// Whether a confirmed message found a queue.
public enum Routing: Sendable, Hashable {
    /// At least one queue has it.
    case routed
    /// No queue was bound for it; the broker confirmed and dropped it.
    case unrouted
}

/// Why the broker has not confirmed a message. It may have it all the same, so the next try carries the same id.
public struct EventExchangeError: Error, Sendable, CustomStringConvertible {
    /// A sentence for the log.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) {
        self.description = description
    }
}

/// A dead letter on its way to the dead-letter exchange.
public struct BuriedMessage: Sendable, Hashable {
    /// The body as it came.
    public var body: [UInt8]
    /// The routing key it came with.
    public var routingKey: String
    /// Its properties as they came.
    public var contentType: String?
    /// Its `message_id`.
    public var messageID: String?
    /// Its `correlation_id`.
    public var correlationID: String?
    /// Its `reply_to`, for whoever sends it again.
    public var replyTo: String?
    /// The reason: `x-longshore-code`, `-path` and `-message`.
    public var headers: [String: String]

    /// A letter from its parts.
    public init(
        body: [UInt8], routingKey: String, contentType: String?, messageID: String?, correlationID: String?,
        replyTo: String? = nil, headers: [String: String]
    ) {
        self.body = body
        self.routingKey = routingKey
        self.contentType = contentType
        self.messageID = messageID
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.headers = headers
    }
}
