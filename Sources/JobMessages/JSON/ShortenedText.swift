/// What may be shown of a message's values in errors: bounded, on one line, and without the secrets URLs carry.
enum ShortenedText {
    /// The most characters of a string value that are shown.
    static let limit = 64

    /// At most `limit` scalars of `text`, with an ellipsis for the rest.
    static func cut(_ text: String, to limit: Int) -> String {
        let scalars = text.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return text }
        return String(scalars[..<end]) + "…"
    }

    /// A value for an error sentence: scalars as JSON, containers as what they are.
    static func show(_ value: JSONValue) -> String {
        switch value {
        case .null, .bool, .integer: JSONWriter.text(of: value)
        case .number(let number): cut(number.text, to: limit)
        case .string(let text): JSONWriter.text(of: .string(cut(withoutSecrets(text), to: limit)))
        case .array(let elements): "an array of \(elements.count)"
        case .object(let object): "an object of \(object.members.count)"
        }
    }

    /// `text` without what could be the userinfo or the query of a URL, wherever in the message a URL was put.
    ///
    /// A string with both `@` and `?` may hide one in the other, so nothing but its scheme is shown.
    static func withoutSecrets(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let query = scalars.firstIndex { $0 == "?" || $0 == "#" }
        guard let slashes = text.firstRange(of: "//") else {
            return query.map { String(scalars[..<$0]) + "…" } ?? text
        }
        let start = String(text[..<slashes.upperBound])
        switch (scalars[slashes.upperBound...].lastIndex(of: "@"), query) {
        case (let at?, nil): return start + "…" + String(scalars[at...])
        case (nil, let query?): return String(scalars[..<query]) + "…"
        case (_?, _?): return withoutQuery(start) + "…"
        case (nil, nil): return text
        }
    }

    private static func withoutQuery(_ text: String) -> String {
        String(text.prefix { $0 != "?" && $0 != "#" })
    }
}
