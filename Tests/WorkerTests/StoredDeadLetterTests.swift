import RabbitMQ
import Testing
import Worker

@Suite("Dead letters as they lie in their queue")
struct StoredDeadLetterTests {
    private static let names = BrokerNames(prefix: "p")

    private static func letter(
        _ headers: FieldTable = [:], body: String = "{}", key: String = "import", id: String? = "job-1"
    ) -> StoredDeadLetter {
        var properties = MessageProperties()
        properties.headers = headers
        properties.messageID = id
        properties.userID = "kim"
        properties.priority = 7
        return StoredDeadLetter(routingKey: key, properties: properties, content: .body(Array(body.utf8)))
    }

    @Test("say why they are here: the worker's code, the broker's word, or nothing")
    func reasons() {
        let refused = Self.letter([
            "x-longshore-code": "invalid_job", "x-longshore-path": "/id", "x-longshore-message": "No.",
        ])
        #expect(refused.reason == .refused(code: "invalid_job", path: "/id", message: "No."))
        #expect(refused.reason.word == "invalid_job" && refused.reason.sentence == "/id: No.")
        let death: FieldValue = .table(["reason": "rejected", "queue": "p.import", "count": 1])
        let moved = Self.letter(["x-death": .array([death, .table(["reason": "expired"])])])
        #expect(moved.reason == .moved(why: "rejected", queue: "p.import") && moved.reason.word == "rejected")
        #expect(Self.letter().reason == .unknown)
    }

    @Test("believe the broker's record more than a header that any publisher can write")
    func forged() {
        let letter = Self.letter([
            "x-longshore-code": "invalid_job", "x-death": .array([.table(["reason": "maxlen"])]),
        ])
        #expect(letter.reason.word == "maxlen")
    }

    @Test("go out again as they came, without the marks of their death")
    func redriven() throws {
        let letter = Self.letter([
            "x-longshore-code": "invalid_job", "x-longshore-path": "", "x-death": .array([]),
            "x-first-death-queue": "q", "x-last-death-reason": "r", "x-delivery-count": 2, "CC": .array(["delete"]),
            "traceparent": "00-a-b-00", "x-own": "kept",
        ])
        let message = try #require(letter.redriven(to: Self.names))
        #expect(message.exchange == "p.jobs" && message.routingKey == "import" && message.body == Array("{}".utf8))
        #expect(message.properties.headers == ["traceparent": "00-a-b-00", "x-own": "kept"])
        #expect(message.properties.messageID == "job-1" && message.properties.priority == 7)
        #expect(message.properties.userID == nil)
    }

    /// 86 bytes that are no UTF-8 arrive as 86 characters of three bytes each.
    @Test("go out again without the texts that are too long to be sent")
    func overlong() throws {
        var properties = MessageProperties()
        properties.correlationID = String(repeating: "\u{FFFD}", count: 86)
        properties.messageID = String(repeating: "\u{FFFD}", count: 85)
        let letter = StoredDeadLetter(routingKey: "import", properties: properties, content: .body([1]))
        let message = try #require(letter.redriven(to: Self.names))
        #expect(message.properties.correlationID == nil)
        #expect(message.properties.messageID?.utf8.count == 255)
    }

    @Test("are not sent again when they are larger than a job may be")
    func oversized() {
        let letter = StoredDeadLetter(routingKey: "import", properties: .init(), content: .oversized(2_000_000))
        #expect(letter.redriven(to: Self.names) == nil && letter.size == 2_000_000)
    }

    @Test("have an id of their content: the same each time, another for another message")
    func ids() {
        let letters = [
            Self.letter(), Self.letter(body: "[]"), Self.letter(key: "copy"), Self.letter(id: "job-2"),
            Self.letter(id: nil), Self.letter(key: "importj", id: "ob-1"),
        ]
        #expect(Set(letters.map(\.id)).count == letters.count)
        #expect(letters.allSatisfy { $0.id.count == 16 })
        #expect(Self.letter(["x-death": .array([])]).id == Self.letter().id)
    }
}
