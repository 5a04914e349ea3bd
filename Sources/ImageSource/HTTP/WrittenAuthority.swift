import ImageModel

/// The host and port as a URL's text spells them, before any parser has made sense of them (RFC 3986, appendix B).
///
/// Parsers differ in what they forgive: numbers in other bases, missing slashes, escapes, empty ports. So what libcurl
/// understood counts only when it stands in the text letter by letter.
struct WrittenAuthority: Equatable {
    /// What stands between `//` and the path, in lower case.
    let text: Substring

    /// Finds the authority; nil for a reference that has none and takes it from its base.
    ///
    /// - Throws: ``SourceError`` with `source_denied` for a scheme that is not followed by `//`, and for a backslash, which
    ///   some parsers take for a slash.
    init?(of url: String) throws(SourceError) {
        let text = url.lowercased()
        guard !text.utf8.contains(UInt8(ascii: "\\")) else {
            throw SourceError(.sourceDenied, "the URL contains a backslash")
        }
        var rest = text[...]
        let delimiter = text.firstIndex { ":/?#".contains($0) }
        let hasScheme = delimiter.map { text[$0] == ":" } ?? false
        if let delimiter, hasScheme { rest = text[text.index(after: delimiter)...] }
        guard rest.hasPrefix("//") else {
            guard !hasScheme else { throw SourceError(.sourceDenied, "the URL has no // behind its scheme") }
            return nil
        }
        self.text = rest.dropFirst(2).prefix { !"/?#".contains($0) }
    }

    /// Whether this text, and no other reading of it, is `host` at `port`. The dot of the root may stand behind a name,
    /// the port may be left out or written without zeros in front.
    func spells(host: String, port: UInt16) -> Bool {
        var written = text
        let suffix = ":\(port)"
        if written.hasSuffix(suffix), !host.contains(":") || written.hasSuffix("]" + suffix) {
            written = written.dropLast(suffix.count)
        }
        if written.hasPrefix("["), written.hasSuffix("]") {
            let address = IPAddress(String(written.dropFirst().dropLast()))
            return address != nil && address == IPAddress(host)
        }
        if written.hasSuffix("."), IPAddress(host) == nil { written = written.dropLast() }
        return written == host
    }
}
