import JobMessages
import RabbitMQ
import Worker

/// A dead letter as people and programs see it: without the secrets that its URLs may carry.
enum DeadLetterRow {
    static let header = ["LETTER", "REASON", "KIND", "MESSAGE ID", "BYTES", "WHAT"]

    static func cells(_ letter: StoredDeadLetter) -> [String] {
        [
            letter.id, RedactedBody.text(letter.reason.word), RedactedBody.text(letter.routingKey),
            letter.properties.messageID.map(RedactedBody.text) ?? "-", "\(letter.size)",
            RedactedBody.text(letter.reason.sentence),
        ]
    }

    static func json(_ letter: StoredDeadLetter) -> JSONValue {
        .object(members(of: letter))
    }

    /// All of it, its body and headers included.
    static func detailed(_ letter: StoredDeadLetter) -> JSONValue {
        var object = members(of: letter)
        let properties = letter.properties
        object["properties"] = [
            "content_type": .optional(properties.contentType.map(RedactedBody.text)),
            "content_encoding": .optional(properties.contentEncoding.map(RedactedBody.text)),
            "correlation_id": .optional(properties.correlationID.map(RedactedBody.text)),
            "reply_to": .optional(properties.replyTo.map(RedactedBody.text)),
            "user_id": .optional(properties.userID.map(RedactedBody.text)),
            "priority": .optional(properties.priority.map(Int64.init)),
        ]
        object["headers"] = json(properties.headers ?? [:])
        guard case .body(let body) = letter.content else { return .object(object) }
        if let json = RedactedBody.json(body) {
            object["body"] = json
        } else {
            object["body_begins"] = .string(RedactedBody.beginning(body))
        }
        return .object(object)
    }

    private static func members(of letter: StoredDeadLetter) -> JSONObject {
        JSONObject([
            .init(name: "letter", value: .string(letter.id)),
            .init(name: "reason", value: .string(RedactedBody.text(letter.reason.word))),
            .init(name: "what", value: .string(RedactedBody.text(letter.reason.sentence))),
            .init(name: "routing_key", value: .string(RedactedBody.text(letter.routingKey))),
            .init(name: "message_id", value: .optional(letter.properties.messageID.map(RedactedBody.text))),
            .init(name: "bytes", value: .integer(Int64(clamping: letter.size))),
        ])
    }

    private static func json(_ table: FieldTable) -> JSONValue {
        .object(
            table.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { object, field in
                object[RedactedBody.text(field.key)] = json(field.value)
            })
    }

    private static func json(_ value: FieldValue) -> JSONValue {
        switch value {
        case .boolean(let value): .bool(value)
        case .string(let text): .string(RedactedBody.text(text))
        case .array(let values): .array(values.map(json))
        case .table(let table): json(table)
        case .void: .null
        default: value.integerValue.map(JSONValue.integer) ?? .string("…")
        }
    }
}
