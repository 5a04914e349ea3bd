import ImageModel
import JobMessages
import Testing

/// Goal: a message of the greatest size, built to be slow, costs time in proportion to its size and is refused.
@Suite("Messages built to be slow")
struct HostileMessageTests {
    static let bodies: [String] = [
        // A rule broken by every member, element and byte.
        "{" + (0..<80_000).map { "\"m\($0)\":0" }.joined(separator: ",") + "}",
        #"{"version":1,"after":["# + Array(repeating: "0", count: 400_000).joined(separator: ",") + "]}",
        #"{"version":1,"kind":"import","image":{"properties":{"#
            + (0..<80_000).map { "\"m\($0)\":[]" }.joined(separator: ",") + "}}}",
        // Names that are slow to normalise.
        "{"
            + (0..<500).map { "\"m\($0)" + String(repeating: "\u{301}\u{327}", count: 500) + "\":0" }
            .joined(separator: ",") + "}",
        // One long string, number, pointer.
        #"{"version":1,"kind":""# + String(repeating: "é", count: 500_000) + "\"}",
        #"{"version":1,"priority":"# + String(repeating: "7", count: 1_000_000) + "}",
        #"{"version":1,""# + String(repeating: "~", count: 1_000_000) + "\":}",
        #"{"version":1,"kind":"import","source":{"url":"https://"# + String(repeating: "@", count: 1_000_000) + "\"}}",
        #"{"x-a":"# + String(repeating: "[", count: 1_000_000),
        #"{"x-a":"# + String(repeating: #"\ud83d\ude00"#, count: 80_000) + "}",
    ]

    @Test("Each is refused with a bounded report", .timeLimit(.minutes(10)), arguments: 0..<bodies.count)
    func refused(index: Int) throws {
        let message = IncomingMessage(body: Array(Self.bodies[index].utf8), routingKey: "import")
        let rejection = try #require(throws: RejectedMessage.self) { try JobDecoder.decode(message) }
        #expect(DeadLetterHeaders.headers(for: rejection.failure).values.allSatisfy { $0.utf8.count <= 4_096 })
        let event = try EventSamples.event(rejection)
        #expect(CloudEventEncoder(cluster: "c").encode(event).body.count < 65_536)
    }
}
