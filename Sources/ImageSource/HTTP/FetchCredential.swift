public import S3Signing

/// What proves who asks, a header field or keys that sign, and the URLs it may be used for.
///
/// A field goes with every request of a fetch, redirects included, whose URL lies below one of the prefixes, and with no
/// other: a redirect to a stranger never carries it. Keys sign the request for an object of `s3://`, and nothing else.
public struct FetchCredential: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private enum Content: Sendable {
        case field(name: String, value: String, prefixes: [FetchTarget])
        case keys(S3Access)
    }

    private let content: Content

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
        content = .field(name: name, value: value, prefixes: prefixes)
    }

    /// Keys for the objects of `service` below `urls`.
    ///
    /// Nil when one of the URLs is not like `s3://bucket/prefix`.
    public init?(keys: S3Keys, service: S3Service, urls: [String]) {
        guard let access = S3Access(keys: keys, service: service, urls: urls) else { return nil }
        content = .keys(access)
    }

    /// The field's name; its value, as keys, stays hidden.
    public var description: String {
        switch content {
        case .field(let name, _, _): "\(name): (hidden)"
        case .keys: "s3 (hidden)"
        }
    }

    /// The same, so that reflection shows no value either.
    public var debugDescription: String { description }

    /// Fields that say what is asked for and how it is sent; a credential must not change them.
    private static let ownFields: Set<String> = [
        "host", "connection", "content-length", "transfer-encoding", "te", "upgrade", "expect", "range", "if-range",
        "accept-encoding", "user-agent", "proxy-authorization",
    ]

    /// The line to send to `target`; nil when it may not have it.
    func line(for target: FetchTarget) -> String? {
        guard case .field(let name, let value, let prefixes) = content else { return nil }
        return prefixes.contains { $0.covers(target) } ? "\(name): \(value)" : nil
    }

    /// The keys for an object; nil when there are none for it.
    func access(to location: S3Location) -> S3Access? {
        guard case .keys(let access) = content, access.covers(location) else { return nil }
        return access
    }

    /// Whether it may be used for a URL.
    func covers(_ url: String) -> Bool {
        if let location = try? S3Location(url) { return access(to: location) != nil }
        return (try? FetchTarget(url: url, query: nil)).map { line(for: $0) != nil } ?? false
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
