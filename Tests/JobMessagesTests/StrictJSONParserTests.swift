import JobMessages
import Testing

@Suite("Strict JSON")
struct StrictJSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try StrictJSONParser.parse(Array(text.utf8)) }

    @Test("Every kind of value is read")
    func values() throws {
        let value = try parse(" {\"a\" : [ null,true ,false,-0,0,-12, 1.5e+2,9223372036854775808 ],\r\n\t\"b\":{}} ")
        let elements = try #require(value["a"]?.array)
        #expect(elements[..<3] == [.null, true, false])
        #expect(elements[3].integer == 0 && elements[3] != 0, "minus zero keeps its spelling")
        #expect(elements[4...5] == [0, -12])
        #expect(elements[6].integer == 150)
        #expect(elements[7].integer == nil)
        #expect(JSONWriter.text(of: elements[7]) == "9223372036854775808")
        #expect(value["b"]?.object?.members.isEmpty == true)
        #expect(value["c"] == nil)
        for text in ["true", " null", "7", "\"\"", "[]"] { #expect(throws: Never.self) { try parse(text) } }
    }

    @Test("Escapes are undone, pairs of surrogates are one scalar")
    func strings() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é😀""#).string == "\"\\/\u{8}\u{c}\n\r\té😀é😀")
        #expect(try parse("\"\u{7f}\u{80}\u{FFFF}\u{10FFFF}\"").string == "\u{7f}\u{80}\u{FFFF}\u{10FFFF}")
    }

    @Test("Depth 16 is read, depth 17 is not, whatever the containers are")
    func depth() throws {
        let arrays = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        #expect(throws: Never.self) { try parse(arrays) }
        #expect(throws: JSONSyntaxError.self) { try parse("[\(arrays)]") }
        let objects = String(repeating: #"{"a":"#, count: 16) + "1" + String(repeating: "}", count: 16)
        #expect(throws: Never.self) { try parse(objects) }
        let error = try #require(throws: JSONSyntaxError.self) { try parse(#"{"a":\#(objects)}"#) }
        #expect(error.path.tokens == Array(repeating: "a", count: 16))
        #expect(error.offset == 16 * 5)
    }

    @Test("Doubled names are found among many members in linear time")
    func manyMembers() throws {
        let members = (0..<60_000).map { "\"m\($0)\":0" }.joined(separator: ",")
        #expect(throws: Never.self) { try parse("{\(members)}") }
        let error = try #require(throws: JSONSyntaxError.self) { try parse("{\(members),\"m59999\":1}") }
        #expect(error.path.tokens == ["m59999"])
    }

    @Test("An error tells place and offset, and shows no string")
    func errors() throws {
        let error = try #require(throws: JSONSyntaxError.self) {
            try parse(#"{"source":{"url":"https://h/i?sig=s3cret"},"a":[0,{"b":fals}]}"#)
        }
        #expect(error.path.description == "/a/1/b")
        #expect(error.offset == 55)
        #expect(error.value == "f")
        #expect(!"\(error)".contains("s3cret"))
    }
}
