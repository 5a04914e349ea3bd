/// A header field that proves who asks, and the URLs it may be sent to.
///
/// It goes with every request of a fetch, redirects included, whose URL lies below one of the prefixes, and with no
/// other: a redirect to a stranger never carries it.
public struct FetchCredential: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let name: String
    private let value: String
    private let prefixes: [FetchTarget]

    /// A field such as `Authorization: Bearer …` for URLs below `urls`.
    ///
    /// Nil when the name is no token, or a field that the transfer itself needs, the value has control characters, or a prefix is no URL.
    public init?(field name: String, value: String, urls: [String]) {
        guard HostRule.isHostName(name), !name.contains("."), !Self.ownFields.contains(name.lowercased()),
            !value.isEmpty,
            value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        var prefixes: [FetchTarget] = []
        for url in urls {
            guard let prefix = try? FetchTarget(url: url, query: nil) else { return nil }
            prefixes.append(prefix)
        }
        self.name = name
        self.value = value
        self.prefixes = prefixes
    }

    /// The field's name; its value stays hidden.
    public var description: String { "\(name): (hidden)" }

    /// The same, so that reflection shows no value either.
    public var debugDescription: String { description }

    /// Fields that say what is asked for and how it is sent; a credential must not change them.
    private static let ownFields: Set<String> = [
        "host", "connection", "content-length", "transfer-encoding", "te", "upgrade", "expect", "range", "if-range",
        "accept-encoding", "user-agent", "proxy-authorization",
    ]

    /// The line to send to `target`; nil when it may not have it.
    func line(for target: FetchTarget) -> String? {
        prefixes.contains { $0.covers(target) } ? "\(name): \(value)" : nil
    }
}

extension FetchTarget {
    /// Whether `other` is this URL or lies below it, at the same scheme, host and port.
    ///
    /// Nothing lies below a URL by a path that a server may read as leading out of it: with escaped dots or slashes.
    func covers(_ other: FetchTarget) -> Bool {
        guard scheme == other.scheme, host == other.host, port == other.port, other.path.hasPrefix(path),
            !other.path.mayLeadUp
        else { return false }
        return path.hasSuffix("/") || other.path.count == path.count || other.path.dropFirst(path.count).first == "/"
    }
}

extension String {
    /// Whether a segment of this path is `.` or `..` once it is unescaped, parameters aside, or has a slash in disguise.
    fileprivate var mayLeadUp: Bool {
        split(separator: "/").contains { segment in
            // Twice: what one server unescapes, the one behind it unescapes again.
            let plain = String(segment).percentDecoded.percentDecoded
            return plain.contains { $0 == "/" || $0 == "\\" } || ["", ".", ".."].contains(plain.prefix { $0 != ";" })
        }
    }
}
