/// A URL as a message may give it: absolute, without userinfo and fragment (RFC 3986 section 4.3), query kept apart.
///
/// Only syntax is judged here; which schemes, hosts and ports may be fetched is policy.
struct SourceURL: Hashable {
    /// Everything before the query.
    let withoutQuery: String
    /// What follows the first `?`; a secret.
    let query: String?

    /// Why a text is no such URL. It never repeats the text.
    struct Problem: Error, Hashable {
        let rule: String
        /// The scheme, and the host when it is certain which part is the host.
        let shown: String
    }

    /// The most bytes a URL may have.
    static let byteLimit = 8_192

    init(_ text: String) throws(Problem) {
        let scheme = Self.scheme(of: text)
        func problem(_ rule: String) -> Problem {
            Problem(rule: rule, shown: scheme.map { "\"\($0):…\"" } ?? "")
        }
        guard text.utf8.count <= Self.byteLimit else {
            throw problem("must be a URL of at most \(Self.byteLimit) bytes")
        }
        guard Self.hasOnlyURLCharacters(text) else {
            throw problem(
                "must be a URL of printable ASCII without spaces, backslashes, quotes, braces, and with whole % escapes"
            )
        }
        guard let scheme else { throw problem("must be an absolute URL with a scheme") }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw problem("must be a URL without a fragment") }
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        withoutQuery = String(parts[0])
        query = parts.count > 1 ? String(parts[1]) : nil

        let afterScheme = withoutQuery.dropFirst(scheme.count + 1)
        guard afterScheme.hasPrefix("//") else {
            guard !Self.hierarchicalSchemes.contains(scheme), !afterScheme.isEmpty else {
                throw problem("must be a URL with a host")
            }
            return
        }
        let authority = afterScheme.dropFirst(2).prefix { $0 != "/" }
        guard !authority.contains("@") else { throw problem("must be a URL without userinfo") }
        guard Self.isHostAndPort(authority, isRequired: Self.hierarchicalSchemes.contains(scheme)) else {
            throw problem("must be a URL with a valid host and port")
        }
    }

    /// Vendors write `bucket:object`, and a bucket's name has up to 63 characters.
    private static let schemeLimit = 63

    private static let hierarchicalSchemes: Set<String> = ["http", "https", "s3"]

    private static func scheme(of text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text[..<colon]
        guard let first = scheme.utf8.first, first.isLetter, scheme.utf8.count <= schemeLimit,
            scheme.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) })
        else { return nil }
        return scheme.lowercased()
    }

    private static func hasOnlyURLCharacters(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            guard (0x21...0x7E).contains(byte), !"\\\"<>^`{|}".utf8.contains(byte) else { return false }
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, bytes[index + 1].isHexDigit, bytes[index + 2].isHexDigit else {
                    return false
                }
            }
        }
        return true
    }

    private static func isHostAndPort(_ authority: Substring, isRequired: Bool) -> Bool {
        var host = authority
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            let port = authority[authority.index(after: colon)...]
            guard port.utf8.allSatisfy(\.isDigit), port.isEmpty || UInt16(port) != nil else { return false }
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            return address.contains(":") && address.utf8.allSatisfy { $0.isHexDigit || ":.".utf8.contains($0) }
        }
        if host.isEmpty { return !isRequired && authority.isEmpty }
        return host.utf8.allSatisfy { !":[]".utf8.contains($0) }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
    fileprivate var isHexDigit: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20) }
}
