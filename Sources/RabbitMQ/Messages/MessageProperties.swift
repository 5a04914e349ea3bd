/// The properties of the AMQP `basic` class. Absent ones are nil and stay absent on the wire.
///
/// Source: AMQP 0-9-1 specification, class basic. Strings hold at most 255 bytes.
public struct MessageProperties: Sendable, Hashable {
    /// What survives a broker restart.
    public enum DeliveryMode: UInt8, Sendable {
        /// May be lost when the broker restarts.
        case transient = 1
        /// Written to disk on durable queues.
        case persistent = 2
    }

    /// MIME type of the body.
    public var contentType: String?
    /// MIME content encoding.
    public var contentEncoding: String?
    /// Application headers.
    public var headers: FieldTable?
    /// Persistent or transient.
    public var deliveryMode: DeliveryMode?
    /// Larger is more urgent; the meaning depends on the queue.
    public var priority: UInt8?
    /// The request or job this message belongs to.
    public var correlationID: String?
    /// Where to send a reply.
    public var replyTo: String?
    /// Milliseconds until the broker drops the message, as decimal text.
    public var expiration: String?
    /// Identifies the message; a repeated publish repeats it.
    public var messageID: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    /// Name of the kind of message.
    public var type: String?
    /// The publishing user, checked by the broker when given.
    public var userID: String?
    /// The publishing application.
    public var appID: String?

    /// Makes properties with all parts absent.
    public init() {}
}

extension MessageProperties {
    /// Leaves out the texts that the protocol cannot carry, those of more than 255 bytes.
    ///
    /// A message that was received may have some: in ill-formed UTF-8 each bad byte is replaced by a character of three.
    public mutating func removeOverlongTexts() {
        let texts: [WritableKeyPath<Self, String?>] = [
            \.contentType, \.contentEncoding, \.correlationID, \.replyTo, \.expiration, \.messageID, \.type, \.userID,
            \.appID,
        ]
        for text in texts where (self[keyPath: text]?.utf8.count ?? 0) > Self.longestText { self[keyPath: text] = nil }
    }

    /// Bytes of a short string (AMQP 0-9-1 specification, section 4.2.5.3).
    static let longestText = 255

    /// Text properties with their names, for checks that treat all alike.
    var texts: [(name: String, value: String?)] {
        [
            ("content_type", contentType), ("content_encoding", contentEncoding),
            ("correlation_id", correlationID), ("reply_to", replyTo), ("expiration", expiration),
            ("message_id", messageID), ("type", type), ("user_id", userID), ("app_id", appID),
        ]
    }

    /// Bytes of the header frame's payload at most; nil when the headers cannot be sent.
    var wireSize: Int? {
        let fixed = 14 + 1 + 1 + 8
        let text = texts.reduce(0) { $0 + 1 + ($1.value?.utf8.count ?? 0) }
        return (headers ?? [:]).wireSize().map { fixed + text + $0 }
    }
}
