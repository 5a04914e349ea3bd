public import ImageModel

/// An event on its way to the broker: what to publish, where, and with which properties.
public struct OutgoingEvent: Hashable, Sendable {
    /// The topic key, or the reply queue's name; at most 255 bytes.
    public var routingKey: String
    /// More topic keys, for the header `CC`.
    public var cc: [String]
    /// The CloudEvent, compact JSON.
    public var body: [UInt8]
    /// The CloudEvents id, for the property `message_id`.
    public var messageID: String
    /// The CloudEvents type, for the property `type`.
    public var type: String
    /// The job's id; in a reply what the asker gave.
    public var correlationID: String?
    /// Whether the broker shall keep it on disk: all but progress.
    public var isPersistent: Bool
    /// When what it tells happened, for the property `timestamp` (whole seconds there).
    public var timestamp: Timestamp
    /// The event's attributes as `cloudEvents_…` headers, so that headers can be filtered without reading the body.
    public var headers: [String: String]

    /// For the property `content_type`: structured mode of the CloudEvents JSON format.
    public static let contentType = "application/cloudevents+json; charset=utf-8"
}
