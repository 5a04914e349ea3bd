import ImageModel
import JobMessages
import Testing

/// A body that is no job, and what the dead letter says of it.
struct BadBody: CustomTestStringConvertible, Sendable {
    let text: String
    let code: FailureCode
    let path: String
    let fragment: String

    var testDescription: String { "\(fragment): \(text.prefix(100))" }

    init(_ text: String, _ code: FailureCode, _ path: String, _ fragment: String) {
        self.text = text
        self.code = code
        self.path = path
        self.fragment = fragment
    }

    /// A job that breaks a rule.
    static func invalid(_ text: String, _ path: String, _ fragment: String) -> Self {
        Self(text, .invalidJob, path, fragment)
    }

    /// No JSON of the strict kind.
    static func malformed(_ text: String, _ path: String, _ fragment: String) -> Self {
        Self(text, .malformedMessage, path, fragment)
    }
}

@Suite("Messages that are no jobs")
struct RejectionTests {
    @Test("Each is told by code, path and a sentence", arguments: BadBody.syntax + BadBody.common + BadBody.image)
    func firstTable(_ bad: BadBody) throws { try check(bad) }

    @Test("Each is told by code, path and a sentence", arguments: BadBody.importing + BadBody.otherKinds)
    func secondTable(_ bad: BadBody) throws { try check(bad) }

    private func check(_ bad: BadBody) throws {
        let rejection = try rejection(of: ContractMessage.message(bad.text))
        #expect(rejection.code == bad.code)
        #expect(rejection.path == bad.path)
        #expect(rejection.message.contains(bad.fragment), "\(rejection.message)")
        #expect(rejection.message.utf8.count < 700)
        #expect(rejection.failure.violations.first?.path == bad.path)
        #expect(rejection.failure.stage == .decoding)
        #expect(!rejection.failure.isRetryable)
        #expect(!"\(rejection)".contains("s3cret"))
    }

    private func rejection(of message: IncomingMessage) throws -> RejectedMessage {
        try #require(throws: RejectedMessage.self) { try JobDecoder.decode(message) }
    }

    @Test("A body of one byte too many is refused, one of exactly 1 MiB is read")
    func bodyLimit() throws {
        let frame = ContractMessage.with(#""x-pad":"""#).utf8.count
        let fits = ContractMessage.with(#""x-pad":"\#(String(repeating: "a", count: (1 << 20) - frame))""#)
        #expect(fits.utf8.count == 1 << 20)
        #expect(throws: Never.self) { try JobDecoder.decode(ContractMessage.message(fits)) }
        let rejection = try rejection(of: ContractMessage.message(fits + " "))
        #expect(rejection.code == .malformedMessage)
        #expect(rejection.path == "")
        #expect(rejection.message.contains("1048577 bytes"))
    }

    @Test("Bytes that are not UTF-8 are refused at their place")
    func badUTF8() throws {
        for bytes in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]] {
            var body = Array(#"{"version":1,"image":{"name":"ä"#.utf8)
            let offset = body.count
            body += bytes + Array(#""}}"#.utf8)
            let rejection = try rejection(of: IncomingMessage(body: body, routingKey: "import"))
            #expect(rejection.code == .malformedMessage)
            #expect(rejection.path == "/image/name")
            #expect(rejection.message.contains("not valid UTF-8 at byte \(offset)"), "\(rejection.message)")
            #expect(rejection.kind == .import)
        }
    }

    @Test(
        "Another content type or any encoding is refused before the body is looked at",
        arguments: [
            ("text/plain", nil, "content_type"), ("application/json; charset=latin1", nil, "content_type"),
            ("application/cloudevents+json", nil, "content_type"), (nil, "gzip", "content_encoding"),
            ("application/json", "identity", "content_encoding"),
        ] as [(String?, String?, String)])
    func properties(contentType: String?, contentEncoding: String?, fragment: String) throws {
        var message = ContractMessage.message(ContractMessage.import)
        message.contentType = contentType
        message.contentEncoding = contentEncoding
        let rejection = try rejection(of: message)
        #expect(rejection.code == .malformedMessage)
        #expect(rejection.path == "")
        #expect(rejection.message.contains(fragment))
    }

    @Test("Two different ids are refused, and so is an id that only the property gives and that is none")
    func messageIDs() throws {
        var message = ContractMessage.message(ContractMessage.import)
        message.messageID = "j2"
        let different = try rejection(of: message)
        #expect(different.code == .invalidJob)
        #expect(different.path == "/id")
        #expect(different.message.contains("j1") && different.message.contains("j2"))

        var unusable = ContractMessage.message(ContractMessage.import.replacing(#""id":"j1","#, with: ""))
        unusable.messageID = "no spaces\nplease"
        let rejection = try rejection(of: unusable)
        #expect(rejection.path == "/id")
        #expect(rejection.jobID == "no?spaces?please")
    }

    @Test("A routing key other than the kind is refused")
    func routingKey() throws {
        let rejection = try rejection(of: ContractMessage.message(ContractMessage.import, routingKey: "delete"))
        #expect(rejection.code == .invalidJob)
        #expect(rejection.path == "/kind")
        #expect(rejection.message.contains("import") && rejection.message.contains("delete"))
        #expect(rejection.kind == .import)
    }

    @Test("Every broken rule is reported at once, in the order of the document, at most 32")
    func allViolations() throws {
        let text =
            #"{"kind":"import","max_attempts":0,"source":{"url":"nope","why":1},"#
            + #""image":{"tags":[1,"ok",2]},"version":1}"#
        let rejection = try rejection(of: ContractMessage.message(text))
        #expect(
            rejection.failure.violations.map(\.path) == [
                "/max_attempts", "/source/url", "/source/why", "/image/tags/0", "/image/tags/2", "/image/name", "/id",
            ])
        #expect(rejection.message.hasSuffix("(and 6 more)."))

        let many = (0..<500).map { #""m\#($0)":0"# }.joined(separator: ",")
        let capped = try self.rejection(of: ContractMessage.message(ContractMessage.with(many)))
        #expect(capped.failure.violations.count == RejectedMessage.violationLimit)
        #expect(capped.path == "/m0")
    }

    @Test(
        "The sentence reads as one",
        arguments: [
            (ContractMessage.with(#""priority":12"#), "/priority: must be an integer from 0 to 9, but is 12."),
            (ContractMessage.with(#""kind":"copy""#), "A member comes twice at byte 99 in /kind."),
            ("[1]", "The message: must be a JSON object, but is an array of 1."),
            (ContractMessage.with(#""a":1"#), "/a: is not a member of an import job."),
            (
                ContractMessage.source("https://k:s3cret@h/"),
                #"/source/url: must be a URL without userinfo, but is "https:…"."#
            ),
        ])
    func sentences(text: String, sentence: String) throws {
        #expect(try rejection(of: ContractMessage.message(text, routingKey: "import")).message == sentence)
    }

    @Test("What can be told of the message is salvaged for the event and the reply")
    func salvage() throws {
        let text = #"{"version":2,"id":"job 1","kind":"copy","actor":{"account":"acct-1"}}"#
        let rejection = try rejection(of: ContractMessage.message(text))
        #expect(rejection.code == .unsupportedVersion)
        #expect(rejection.kind == .copy)
        #expect(rejection.jobID == "job?1")
        #expect(rejection.owner?.rawValue == "acct-1")
        let unknown = try self.rejection(of: ContractMessage.message(#"{"kind":"resize"}"#, routingKey: "import"))
        #expect(unknown.kind == nil)
    }

    @Test("The headers of a dead letter are bounded whatever the message holds")
    func headersAreBounded() throws {
        let name = String(repeating: "ü", count: 100_000)
        let rejection = try rejection(of: ContractMessage.message(ContractMessage.with("\"\(name)\":{}")))
        let headers = DeadLetterHeaders.headers(for: rejection.failure)
        #expect(headers.keys.sorted() == ["x-longshore-code", "x-longshore-message", "x-longshore-path"])
        #expect(headers["x-longshore-code"] == "invalid_job")
        #expect(headers.values.allSatisfy { $0.utf8.count < 2_048 })
        #expect(headers["x-longshore-path"]?.hasPrefix("/üüü") == true)
    }
}
