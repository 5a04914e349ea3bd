/// A message as the broker delivered it, before anybody believed it.
public struct IncomingMessage: Hashable, Sendable {
    /// The payload.
    public var body: [UInt8]
    /// The key it was published with.
    public var routingKey: String
    /// Property `content_type`; empty counts as absent.
    public var contentType: String?
    /// Property `content_encoding`; empty counts as absent.
    public var contentEncoding: String?
    /// Property `message_id`; empty counts as absent.
    public var messageID: String?
    /// Property `priority`.
    public var priority: Int?
    /// Property `reply_to`.
    public var replyTo: String?
    /// Property `correlation_id`.
    public var correlationID: String?
    /// Property `user_id`, which the broker checked.
    public var userID: String?
    /// Header `traceparent`.
    public var traceparent: String?
    /// Header `tracestate`.
    public var tracestate: String?

    /// A message with whatever properties it had.
    public init(
        body: [UInt8], routingKey: String, contentType: String? = nil, contentEncoding: String? = nil,
        messageID: String? = nil, priority: Int? = nil, replyTo: String? = nil, correlationID: String? = nil,
        userID: String? = nil, traceparent: String? = nil, tracestate: String? = nil
    ) {
        self.body = body
        self.routingKey = routingKey
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.messageID = messageID
        self.priority = priority
        self.replyTo = replyTo
        self.correlationID = correlationID
        self.userID = userID
        self.traceparent = traceparent
        self.tracestate = tracestate
    }
}

extension IncomingMessage {
    /// The job id that the properties name.
    var namedJobID: String? { messageID.flatMap { $0.isEmpty ? nil : $0 } }

    /// Why the properties forbid to read the body, with the offending value; nil when they do not.
    var propertyProblem: (rule: String, value: String)? {
        if let contentEncoding, !contentEncoding.isEmpty {
            return ("content_encoding must be absent", contentEncoding)
        }
        if let contentType, !contentType.isEmpty, !Self.isJSON(contentType) {
            return ("content_type must be application/json", contentType)
        }
        return nil
    }

    /// The trace context, when it keeps the grammar of W3C Trace Context; a broken one is as good as none.
    var trace: TraceContext? { TraceContext(traceparent: traceparent, tracestate: tracestate) }

    /// `application/json`, at most with `charset=utf-8`.
    private static func isJSON(_ contentType: String) -> Bool {
        let parts = contentType.lowercased().split(separator: ";", omittingEmptySubsequences: false).map(\.trimmed)
        guard parts.first == "application/json" else { return false }
        return parts.dropFirst().allSatisfy { $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" || $0.isEmpty }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
