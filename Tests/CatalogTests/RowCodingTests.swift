import Catalog
import Foundation
import ImageModel
import Testing

@Suite("Rows of dead letters")
struct RowCodingTests {
    private static let letters = [
        DeadLetter(body: [], routingKey: ""),
        DeadLetter(body: [7], routingKey: "import"),
        DeadLetter(body: Array(0...255) + [0, 9, 10, 99, 100, 255], routingKey: "a", contentType: "b", messageID: "c"),
        // Texts that look like the place of the body.
        DeadLetter(
            body: [1, 2], routingKey: "\"body\":[3]", contentType: "\\\"body\\\":[", messageID: "{\"body\":[",
            correlationID: "body", replyTo: "]"),
    ]

    @Test("are what a plain encoder writes, so that workers of older versions read them", arguments: letters)
    func readByOthers(letter: DeadLetter) throws {
        let text = try RowCoding.text(of: .deadLetter(letter))
        #expect(try JSONDecoder().decode(OutboxDestination.self, from: Data(text.utf8)) == .deadLetter(letter))
        #expect(try RowCoding.destination(from: text) == .deadLetter(letter))
    }

    @Test("are read as workers of older versions wrote them, and with blanks", arguments: letters)
    func writtenByOthers(letter: DeadLetter) throws {
        let encoder = JSONEncoder()
        let plain = String(decoding: try encoder.encode(OutboxDestination.deadLetter(letter)), as: UTF8.self)
        #expect(try RowCoding.destination(from: plain) == .deadLetter(letter))
        encoder.outputFormatting = .prettyPrinted
        let pretty = String(decoding: try encoder.encode(OutboxDestination.deadLetter(letter)), as: UTF8.self)
        #expect(try RowCoding.destination(from: pretty) == .deadLetter(letter))
    }

    @Test("Other destinations are kept as well")
    func others() throws {
        for destination in [OutboxDestination.events, .reply(to: "\"body\":[1]", correlationID: "\"body\":[1]")] {
            #expect(try RowCoding.destination(from: RowCoding.text(of: destination)) == destination)
        }
    }

    @Test("that are damaged are refused", arguments: ["[300]", "[,1]", "[1", "[-1]", "[1.5]", "[\"1\"]"])
    func damaged(body: String) throws {
        let text = "{\"deadLetter\":{\"_0\":{\"body\":\(body),\"routingKey\":\"import\"}}}"
        #expect(throws: (any Error).self) { try RowCoding.destination(from: text) }
    }
}
