import ImageModel
import JobMessages
import Testing

@Suite("Schemas")
struct SchemaTests {
    private let validator = SchemaValidator()

    private func parse(_ text: String) throws -> JSONValue { try StrictJSONParser.parse(Array(text.utf8)) }

    @Test("The schemas are JSON of a depth that our own parser reads back")
    func readable() throws {
        for schema in [JobSchema.json, EventSchema.json] {
            let bytes = JSONWriter.bytes(of: schema)
            #expect(try StrictJSONParser.parse(bytes, limits: .init(byteCount: 1 << 20, depth: 16)) == schema)
            #expect(schema["$schema"]?.string == "https://json-schema.org/draft/2020-12/schema")
        }
    }

    @Test(
        "The job schema accepts what the decoder accepts",
        arguments: [
            ContractMessage.full, ContractMessage.import, ContractMessage.copy, ContractMessage.share,
            ContractMessage.update, ContractMessage.delete, ContractMessage.cancel,
            ContractMessage.with(#""x-note":{"a":[1]},"priority":4.0"#),
            ContractMessage.set(#""tags":null,"properties":{"a":null,"x-b":1},"deleted":false,"x-c":1"#),
            ContractMessage.source("s3://bucket/key?versionId=1"), ContractMessage.source("https://[::1]:8443/a%20b"),
            ContractMessage.with(#""delete":{"store":"eu-2"}"#, in: ContractMessage.delete),
        ])
    func acceptsGood(text: String) throws {
        #expect(throws: Never.self) { try JobDecoder.decode(ContractMessage.message(text)) }
        #expect(try validator.problems(try parse(text), JobSchema.json) == [])
    }

    /// What a schema cannot say; ``JobSchema`` tells its readers so.
    private static let unsayable: Set<String> = [
        "/id", "/source/url", "/deadline", "/image/properties/e\u{301}", "/after/1",
    ]

    @Test(
        "The job schema refuses what the decoder refuses, as far as a schema can say it",
        arguments: (BadBody.common + BadBody.image + BadBody.importing + BadBody.otherKinds))
    func refusesBad(_ bad: BadBody) throws {
        let problems = try validator.problems(try parse(bad.text), JobSchema.json)
        #expect(!problems.isEmpty || Self.unsayable.contains(bad.path), "\(bad.path)")
    }

    @Test("The job schema accepts every message that the commands can write", .timeLimit(.minutes(10)))
    func acceptsWritten() throws {
        let samples = RequestSamples(seed: 3)
        for _ in 0..<300 {
            let json = JobMessage.json(try samples.request())
            #expect(try validator.problems(json, JobSchema.json) == [])
        }
    }

    @Test("Every event that can be sent keeps to the event schema", arguments: JobKind.allCases, EventPhase.allCases)
    func events(kind: JobKind, phase: EventPhase) throws {
        let encoder = CloudEventEncoder(cluster: "c") { _ in [:] }
        let event = try EventSamples.event(.image(kind, phase), data: try EventSamples.data())
        let json = try parse(String(decoding: encoder.encode(event).body, as: UTF8.self))
        let type = json["type"]?.string ?? ""
        let isSent = EventSchema.json["properties"]?["type"]?["enum"]?.array?.contains(.string(type)) == true
        #expect(try validator.problems(json, EventSchema.json).isEmpty == isSent)
        guard isSent else { return }
        for path in [
            ["data", "job", "attempt"], ["data", "image", "locations"], ["data", "error", "code"], ["time"],
        ] {
            #expect(try !validator.problems(removing(path[...], from: json), EventSchema.json).isEmpty, "\(path)")
        }
    }

    @Test("A rejected message's event keeps to the event schema, whatever could be told of it")
    func rejectedEvents() throws {
        for text in ["", "{}", ContractMessage.with(#""a":1"#), #"{"id":"no good","kind":"resize"}"#] {
            let message = IncomingMessage(body: Array(text.utf8), routingKey: "nobody.knows")
            let rejection = try #require(throws: RejectedMessage.self) { try JobDecoder.decode(message) }
            let event = try EventSamples.event(rejection)
            let body = CloudEventEncoder(cluster: "c").encode(event).body
            #expect(try validator.problems(try StrictJSONParser.parse(body), EventSchema.json) == [])
        }
    }

    private func removing(_ path: ArraySlice<String>, from value: JSONValue) -> JSONValue {
        guard let name = path.first, var object = value.object else { return value }
        object[name] = path.count == 1 ? nil : removing(path.dropFirst(), from: object[name] ?? .null)
        return .object(object)
    }
}
