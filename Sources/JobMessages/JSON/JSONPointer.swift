/// A place in a JSON document (RFC 6901).
public struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The unescaped reference tokens, outermost first; none for the whole document.
    public private(set) var tokens: [String]

    /// A place from its tokens.
    public init(_ tokens: [String] = []) {
        self.tokens = tokens
    }

    /// The member `name` below this place.
    public func appending(_ name: String) -> Self {
        var copy = self
        copy.tokens.append(name)
        return copy
    }

    /// The element `index` below this place.
    public func appending(_ index: Int) -> Self { appending("\(index)") }

    /// The pointer's text, with `~` as `~0` and `/` as `~1`.
    ///
    /// Tokens longer than 128 characters are shortened and control characters replaced, so that a pointer fits in a
    /// header and on a line of a log whatever the document is.
    public var description: String {
        var text = ""
        for token in tokens {
            text.append("/")
            for scalar in ShortenedText.cut(token, to: 128).unicodeScalars {
                switch scalar {
                case "~": text.append("~0")
                case "/": text.append("~1")
                case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": text.append("\u{FFFD}")
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }
}
