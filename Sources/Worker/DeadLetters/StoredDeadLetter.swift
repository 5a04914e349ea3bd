public import RabbitMQ

/// A message as it lies in the queue of dead letters.
public struct StoredDeadLetter: Sendable {
    /// The routing key of its first publication.
    public let routingKey: String
    /// Its properties, the reason among the headers.
    public let properties: MessageProperties
    /// Its body, or only the size of one that is larger than a job may be.
    public let content: Delivery.Content
    /// Why it is here.
    public let reason: DeadLetterReason
    /// Names it from one command to the next: 16 hexadecimal digits made of routing key, `message_id` and body.
    ///
    /// Letters that are alike have the same; to redrive one of them is to redrive the job of all.
    public let id: String

    /// A letter from what was delivered.
    public init(routingKey: String, properties: MessageProperties, content: Delivery.Content) {
        self.routingKey = routingKey
        self.properties = properties
        self.content = content
        reason = DeadLetterReason(headers: properties.headers ?? [:])
        var print = Fingerprint()
        print.add(routingKey.utf8)
        print.add((properties.messageID ?? "").utf8)
        switch content {
        case .body(let bytes): print.add(bytes)
        case .oversized(let size): print.add("\(size)".utf8)
        }
        id = print.digits
    }

    /// Bytes of the body.
    public var size: UInt64 {
        switch content {
        case .body(let bytes): UInt64(bytes.count)
        case .oversized(let size): size
        }
    }

    /// The message as it was first published, to the jobs exchange; nil when its body is larger than a job may be.
    ///
    /// What the broker and the worker have added is taken off. So are `user_id`, which the broker would hold against
    /// this publisher, `CC`, which would bring the job into queues it has not died in, and texts that are too long to be sent
    /// (``RabbitMQ/MessageProperties/removeOverlongTexts()``).
    public func redriven(to names: BrokerNames) -> OutgoingMessage? {
        guard case .body(let body) = content else { return nil }
        var properties = properties
        properties.userID = nil
        properties.removeOverlongTexts()
        let headers = (properties.headers ?? [:]).filter { !Self.isAdded($0.key) }
        properties.headers = headers.isEmpty ? nil : headers
        return OutgoingMessage(exchange: names.jobs, routingKey: routingKey, properties: properties, body: body)
    }

    private static func isAdded(_ header: String) -> Bool {
        ["x-longshore-", "x-death", "x-first-death-", "x-last-death-"].contains(where: header.hasPrefix)
            || ["x-delivery-count", "x-acquired-count", "CC", "BCC"].contains(header)
    }
}

/// FNV-1a with 64 bits: equal letters get equal names. Nothing is entrusted to it.
///
/// Source: draft-eastlake-fnv, section 2.
private struct Fingerprint {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds a field and its end.
    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { mix(byte) }
        mix(0xFF)
    }

    private mutating func mix(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    var digits: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
