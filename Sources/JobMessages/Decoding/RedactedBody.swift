/// The body of a message for people's eyes: whatever could be the query or the userinfo of a URL is left out.
public enum RedactedBody {
    /// The body as JSON with every text shortened where a secret could begin; nil when it is no JSON.
    ///
    /// Texts are cut wherever they stand: who forgets the quotes or mistakes the member leaves a URL anywhere.
    public static func json(_ body: [UInt8]) -> JSONValue? {
        (try? StrictJSONParser.parse(body)).map(redacted)
    }

    /// The beginning of a body that is no JSON, up to where a URL could begin; at most 256 characters on one line.
    public static func beginning(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(1_024), as: UTF8.self)
        // An escape may hide a slash or a question mark.
        let suspects: [Character] = ["?", "@", "#", "\\", "%", "&", "="]
        var end = text.firstIndex { suspects.contains($0) } ?? text.endIndex
        if let slashes = text[..<end].firstRange(of: "//") { end = slashes.upperBound }
        let shown = text[..<end].unicodeScalars.map { Self.isPrintable($0) ? Character($0) : " " }
        let cut = String(shown.prefix(256))
        return end == text.endIndex && shown.count <= 256 && body.count <= 1_024 ? cut : cut + "…"
    }

    /// A text that came with a message, on one line and without what could be a URL's secret.
    public static func text(_ text: String) -> String {
        let shown = ShortenedText.withoutSecrets(text).unicodeScalars.map { isPrintable($0) ? Character($0) : " " }
        return String(shown)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }

    private static func redacted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, .bool, .integer, .number: value
        case .string(let text): .string(ShortenedText.withoutSecrets(text))
        case .array(let elements): .array(elements.map(redacted))
        case .object(let object):
            // Two names may become one; the second then says so and is not lost.
            .object(
                object.members.reduce(into: JSONObject()) { result, member in
                    let name = ShortenedText.withoutSecrets(member.name)
                    result[result[name] == nil ? name : "\(name) (another)"] = redacted(member.value)
                })
        }
    }
}
