import JobMessages
import Testing

@Suite("Bodies for people's eyes")
struct RedactedBodyTests {
    @Test(
        "show no query and no userinfo, wherever a URL stands",
        arguments: [
            #"{"source":{"url":"https://h.example/i?sig=canary"}}"#,
            #"{"source":{"url":"https://u:canary@h.example/i"}}"#,
            #"{"source":{"url":"https:\/\/u:canary@h.example\/i\u003fsig=canary"}}"#,
            #"{"x-note":["see https://h.example/?t=canary","https://u:p?canary@h.example/"]}"#,
            #"{"https://h.example/?canary":1,"https://h.example/?canary2":2}"#,
        ])
    func json(_ body: String) throws {
        let shown = JSONWriter.text(of: try #require(RedactedBody.json(Array(body.utf8))))
        #expect(!shown.contains("canary"))
    }

    @Test("keep what is no URL, and both of two members whose names become one")
    func kept() throws {
        let body = #"{"id":"job-1","n":1,"a?b":2,"a?c":3,"list":[true,null,"plain"]}"#
        let shown = try #require(RedactedBody.json(Array(body.utf8)))
        #expect(shown["id"]?.string == "job-1" && shown["n"]?.integer == 1)
        #expect(shown["list"]?.array?.last?.string == "plain")
        #expect(shown.object?.members.count == 5)
    }

    @Test(
        "that are no JSON end where a URL could begin",
        arguments: [
            #"{"source":{"url":"https://u:canary"#, #"{"url":"h?canary"#, #"{"url":"https:\/\/u:canary"#,
            "sig=canary", "u%3acanary", "x\u{1B}[31m\u{2028}",
        ])
    func beginning(_ body: String) {
        let shown = RedactedBody.beginning(Array(body.utf8))
        #expect(!shown.contains("canary"))
        #expect(!shown.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x2028 })
    }

    @Test("that are no JSON are shown whole when they are short and harmless")
    func harmless() {
        #expect(RedactedBody.beginning(Array("{\"id\": 1,".utf8)) == "{\"id\": 1,")
        #expect(RedactedBody.beginning(Array(repeating: 0x61, count: 5_000)).count == 257)
    }
}
