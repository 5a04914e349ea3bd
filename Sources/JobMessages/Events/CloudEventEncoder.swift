public import ImageModel

/// Turns events into CloudEvents 1.0 in JSON structured mode (CONTRACT section 3).
public struct CloudEventEncoder: Sendable {
    /// The CloudEvents `source`: `/longshore/<cluster>`.
    public let source: String
    private let view: @Sendable (ImageEvent) -> JSONValue?

    /// An encoder for the events of one cluster.
    ///
    /// - Parameter view: The image of an event in its profile's own words, if it has a profile.
    public init(cluster: String, view: @escaping @Sendable (ImageEvent) -> JSONValue? = { _ in nil }) {
        source = "/longshore/\(cluster)"
        self.view = view
    }

    /// The message that announces `event` on the events exchange; the same event always gives the same bytes.
    public func encode(_ event: ImageEvent) -> OutgoingEvent {
        let type = EventName.type(of: event.topic)
        let attributes = attributes(of: event, type: type)
        var body = JSONObject()
        for (name, value) in attributes { body.append(name, .string(value)) }
        body.append("data", EventDataEncoder.json(event, view: view(event)))
        var headers: [String: String] = [:]
        for (name, value) in attributes where name != "datacontenttype" { headers["cloudEvents_\(name)"] = value }
        return OutgoingEvent(
            routingKey: EventName.routingKey(event.topic, account: event.owner), cc: copies(of: event),
            body: JSONWriter.bytes(of: .object(body)), messageID: event.id.rawValue, type: type,
            correlationID: event.jobID, isPersistent: !event.isProgress, timestamp: event.time, headers: headers)
    }

    /// The same event as a reply to whoever asked: sent to the queue `replyTo` through the default exchange.
    public func encodeReply(_ event: ImageEvent, replyTo: String, correlationID: String?) -> OutgoingEvent {
        var reply = encode(event)
        reply.routingKey = replyTo
        reply.cc = []
        reply.correlationID = correlationID
        return reply
    }

    private func attributes(of event: ImageEvent, type: String) -> [(String, String)] {
        var attributes = [
            ("specversion", "1.0"), ("id", event.id.rawValue), ("source", source), ("type", type),
        ]
        if let imageID = event.imageID { attributes.append(("subject", imageID.rawValue)) }
        attributes.append(("time", event.time.description))
        attributes.append(("datacontenttype", "application/json"))
        if let sequence = event.sequence { attributes.append(("sequence", Self.padded(sequence))) }
        if let traceparent = event.data.job?.traceparent { attributes.append(("traceparent", traceparent)) }
        return attributes
    }

    /// Members hear of what concerns them under their own account.
    private func copies(of event: ImageEvent) -> [String] {
        guard let member = event.data.share?.member, member != event.owner else { return [] }
        return [EventName.routingKey(event.topic, account: member)]
    }

    /// 20 digits, so that the order of texts is the order of numbers.
    private static func padded(_ sequence: Int64) -> String {
        let digits = "\(sequence.magnitude)"
        return String(repeating: "0", count: 20 - digits.count) + digits
    }
}

extension ImageEvent {
    fileprivate var isProgress: Bool {
        if case .image(_, .progress) = topic { true } else { false }
    }
}
