import Foundation

/// The URL of a service, which may carry a password or a signed query: printing shows neither.
public struct ServiceURL: Sendable, Hashable {
    /// The URL as configured, for the one place that connects.
    public let revealed: String

    /// The scheme in lower case, such as `amqps`; empty when the text has none.
    public var scheme: String {
        guard let end = revealed.firstRange(of: "://")?.lowerBound else { return "" }
        return revealed[..<end].lowercased()
    }

    /// Wraps a URL without judging it.
    public init(_ revealed: String) {
        self.revealed = revealed
    }

    /// The path of a URL without a host, percent-decoded; nil when its scheme is another.
    package func localPath(scheme: String) -> String? {
        guard self.scheme == scheme else { return nil }
        return String(revealed.dropFirst(scheme.count + 3)).removingPercentEncoding
    }

    /// The text without what may be secret: userinfo (all before the last `@`) and query are replaced by `…`.
    ///
    /// Meant for text that may not be a URL at all, so it hides rather too much.
    static func withoutSecrets(_ text: String) -> String {
        var shown = text[...]
        var scheme = ""
        if let mark = shown.firstRange(of: "://") {
            scheme = String(shown[..<mark.upperBound])
            shown = shown[mark.upperBound...]
        }
        if let at = shown.lastIndex(of: "@") {
            scheme = scheme.contains("@") ? "" : scheme
            shown = "…" + shown[at...]
        }
        if let query = shown.firstIndex(of: "?") {
            shown = shown[...query] + "…"
        }
        return scheme + shown
    }
}

extension ServiceURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without userinfo and query.
    public var description: String { Self.withoutSecrets(revealed) }
    /// The URL without userinfo and query.
    public var debugDescription: String { description }
    /// A mirror without children, so that `dump` shows no more than ``description``.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
