public import ImageModel

/// A message that left the catalog's transaction and is to reach the broker: at least once, in order per image.
public struct OutboxEntry: Hashable, Sendable {
    /// The place in the outbox; 0 until the catalog has given one.
    public var number: Int64
    /// What is to be told. Also the row of the work history.
    public var event: ImageEvent
    /// Where it is to go.
    public var destination: OutboxDestination
    /// When the broker confirmed it.
    public var publishedAt: Timestamp?
    /// Whether no queue was bound for it when it was confirmed.
    public var isUnrouted: Bool

    /// An entry that was not published yet.
    public init(
        number: Int64 = 0, event: ImageEvent, destination: OutboxDestination = .events, publishedAt: Timestamp? = nil,
        isUnrouted: Bool = false
    ) {
        self.number = number
        self.event = event
        self.destination = destination
        self.publishedAt = publishedAt
        self.isUnrouted = isUnrouted
    }

    /// The image whose events must reach the broker in their order, this one among them; nil for what stands alone.
    public var orderedBy: ImageID? {
        destination == .events && event.sequence != nil ? event.imageID : nil
    }
}

/// Where an outbox entry is to go.
public enum OutboxDestination: Hashable, Sendable, Codable {
    /// The topic exchange of events.
    case events
    /// One asker's own queue.
    case reply(to: String, correlationID: String?)
    /// The dead-letter exchange, with the original bytes.
    case deadLetter(DeadLetter)
}

/// A message that can never become a job, as it came.
public struct DeadLetter: Hashable, Sendable, Codable {
    /// The body as it came.
    public var body: [UInt8]
    /// The routing key it was published with.
    public var routingKey: String
    /// Its `content_type`.
    public var contentType: String?
    /// Its `message_id`.
    public var messageID: String?
    /// Its `correlation_id`.
    public var correlationID: String?
    /// Its `reply_to`.
    public var replyTo: String?

    /// A dead letter from its parts.
    public init(
        body: [UInt8], routingKey: String, contentType: String? = nil, messageID: String? = nil,
        correlationID: String? = nil, replyTo: String? = nil
    ) {
        self.body = body
        self.routingKey = routingKey
        self.contentType = contentType
        self.messageID = messageID
        self.correlationID = correlationID
        self.replyTo = replyTo
    }
}
