import ImageModel

extension BadBody {
    private static func nested(_ depth: Int) -> String {
        ContractMessage.with(
            #""x-deep":"# + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1))
    }

    static let syntax: [Self] = [
        .malformed("", "", "empty"),
        .malformed("  \n", "", "empty"),
        .malformed("[]", "", "must be a JSON object"),
        .malformed("null", "", "must be a JSON object"),
        .malformed("{", "", "ends where"),
        .malformed(#"{"version":1"#, "", #""," or "}""#),
        .malformed(#"{"version" 1}"#, "/version", #"":""#),
        .malformed(#"{"version":1,}"#, "", "a member name"),
        .malformed(#"{"a":[1,]}"#, "/a/1", "a value"),
        .malformed(#"{"a":[1 2]}"#, "/a", #""," or "]""#),
        .malformed(#"{"a":tru}"#, "/a", "a value"),
        .malformed(#"{'a':1}"#, "", "a member name"),
        .malformed(#"{"a":NaN}"#, "/a", "a value"),
        .malformed(#"{"a":01}"#, "/a", "zero"),
        .malformed(#"{"a":-}"#, "/a", "lacks a digit"),
        .malformed(#"{"a":1.}"#, "/a", "lacks a digit"),
        .malformed(#"{"a":.5}"#, "/a", "a value"),
        .malformed(#"{"a":1e}"#, "/a", "lacks a digit"),
        .malformed(#"{"a":+1}"#, "/a", "a value"),
        .malformed(#"{"a":1e400}"#, "/a", "beyond the range"),
        .malformed(#"{"a":\#(String(repeating: "1", count: 2_000))}"#, "/a", "more than 1024 bytes"),
        .malformed(#"{"image":{"name":"s3cret}"#, "/image/name", "does not end"),
        .malformed(#"{"image":{"name":"a\qs3cret"}}"#, "/image/name", "escape"),
        .malformed(#"{"image":{"name":"a\u00"}}"#, "/image/name", "four hexadecimal digits"),
        .malformed("{\"image\":{\"name\":\"a\u{1}\"}}", "/image/name", "control character"),
        .malformed("{\"image\":{\"name\":\"a\u{0}\"}}", "/image/name", "NUL"),
        .malformed(#"{"image":{"name":"a\u0000"}}"#, "/image/name", "NUL"),
        .malformed(#"{"image":{"name":"a\ud800"}}"#, "/image/name", "lone surrogate"),
        .malformed(#"{"image":{"name":"a\ud800\u0041"}}"#, "/image/name", "lone surrogate"),
        .malformed(#"{"image":{"name":"a\udc00"}}"#, "/image/name", "lone surrogate"),
        .malformed("\u{FEFF}{}", "", "byte order mark"),
        .malformed("{} {}", "", "the end"),
        .malformed("{}x", "", "the end"),
        .malformed(ContractMessage.with(#""version":1"#), "/version", "comes twice"),
        .malformed(ContractMessage.image(#""tags":[],"tags":[]"#), "/image/tags", "comes twice"),
        .malformed(#"{"a":1,"\u0061":1}"#, "/a", "comes twice"),
        .malformed(nested(17), "/x-deep" + String(repeating: "/0", count: 15), "deeper than 16"),
        .malformed(String(repeating: "[", count: 500_000), String(repeating: "/0", count: 16), "deeper than 16"),
    ]

    static let common: [Self] = [
        Self(#"{"version":2,"kind":"import","id":7}"#, .unsupportedVersion, "/version", "is 2"),
        Self(#"{"version":"1","kind":"import"}"#, .unsupportedVersion, "/version", #"is "1""#),
        Self(#"{"version":null}"#, .unsupportedVersion, "/version", "is null"),
        .invalid(#"{"id":"j","kind":"cancel","job":{"id":"k"}}"#, "/version", "required"),
        .invalid(#"{"version":1,"id":"j"}"#, "/kind", "required"),
        .invalid(#"{"version":1,"kind":"cancel","job":{"id":"k"}}"#, "/id", "message_id"),
        .invalid(
            #"{"version":1,"id":"j","kind":"resize"}"#, "/kind", "share, update, delete, cancel, but"),
        .invalid(#"{"version":1,"id":"j","kind":1}"#, "/kind", "is 1"),
        .invalid(#"{"version":1,"id":1,"kind":"cancel","job":{"id":"k"}}"#, "/id", "job id"),
        .invalid(#"{"version":1,"id":"a b","kind":"cancel","job":{"id":"k"}}"#, "/id", #""a b""#),
        .invalid(#"{"version":1,"id":"","kind":"cancel","job":{"id":"k"}}"#, "/id", "1 to 128"),
        .invalid(#"{"version":1,"id":".a","kind":"cancel","job":{"id":"k"}}"#, "/id", "beginning with"),
        .invalid(
            ContractMessage.cancel.replacing("j1", with: String(repeating: "a", count: 129)), "/id", "…"
        ),
        .invalid(ContractMessage.with(#""colour":"s3cret""#), "/colour", "not a member of an import job"),
        .invalid(ContractMessage.with(#""source":{}"#, in: ContractMessage.copy), "/source", "a copy job"),
        .invalid(ContractMessage.with(#""a/b~c":1"#), "/a~1b~0c", "not a member"),
        .invalid(ContractMessage.with(#""X-a":1"#), "/X-a", "not a member"),
        .invalid(ContractMessage.with(#""priority":10"#), "/priority", "from 0 to 9, but is 10"),
        .invalid(ContractMessage.with(#""priority":"4""#), "/priority", "integer"),
        .invalid(ContractMessage.with(#""priority":1.5"#), "/priority", "is 1.5"),
        .invalid(ContractMessage.with(#""priority":null"#), "/priority", "is null"),
        .invalid(ContractMessage.with(#""actor":"acct-1""#), "/actor", "must be an object"),
        .invalid(
            ContractMessage.with(#""actor":{"account":"\#(String(repeating: "a", count: 65))"}"#), "/actor/account",
            "1 to 64"),
        .invalid(ContractMessage.with(#""actor":{"user":7}"#), "/actor/user", "is 7"),
        .invalid(ContractMessage.with(#""actor":{"token":"s3cret"}"#), "/actor/token", "not a member of actor"),
        .invalid(ContractMessage.with(#""after":"j0""#), "/after", "array"),
        .invalid(ContractMessage.with(#""after":["j0","j 0"]"#), "/after/1", "job id"),
        .invalid(ContractMessage.with(#""after":["j0","j0"]"#), "/after/1", "twice"),
        .invalid(ContractMessage.with(#""after":["j0","j1"]"#), "/after/1", "the job itself"),
        .invalid(
            ContractMessage.with(#""after":[\#((0..<17).map { "\"j\($0)\"" }.joined(separator: ","))]"#), "/after",
            "at most 16 job ids, but is an array of 17"),
        .invalid(ContractMessage.with(#""after_failed":"go""#), "/after_failed", "fail, run"),
        .invalid(ContractMessage.with(#""deadline":"2026-12-01T00:00:00""#), "/deadline", "RFC 3339"),
        .invalid(ContractMessage.with(#""deadline":"2026-02-30T00:00:00Z""#), "/deadline", "RFC 3339"),
        .invalid(ContractMessage.with(#""max_attempts":101"#), "/max_attempts", "from 1 to 100"),
    ]
}
