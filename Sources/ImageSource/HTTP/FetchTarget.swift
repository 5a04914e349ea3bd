import CCurl
import Glibc
import ImageModel

/// A URL as libcurl parsed it and as its text spells it: what was judged is, to the letter, what is connected to.
struct FetchTarget: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Lower case.
    let scheme: String
    /// Lower case, without brackets and the root's dot. A number stands in no other spelling than its canonical one.
    let host: String
    /// The port, also when it is the scheme's default.
    let port: UInt16
    /// As it is sent, with `.` and `..` resolved.
    let path: String
    /// All of it, query included: a secret.
    let wireText: String
    /// Without query and fragment.
    let description: String

    /// The same as ``description``, so that reflection shows no query either.
    var debugDescription: String { description }

    /// Parses an absolute URL. Userinfo is refused, as are control characters and spaces.
    init(url: String, query: String?) throws(SourceError) {
        let handle = try URLHandle()
        try handle.set(CURLUPART_URL, Self.escaped(url), else: "the URL cannot be parsed")
        if let query {
            // It is a query to its end, and the whole must be read like this again: no fragment, no odd slash.
            let plain = try Self.escaped(query).map { ["#": "%23", "\\": "%5C"][$0] ?? String($0) }.joined()
            try handle.set(CURLUPART_QUERY, plain, else: "the URL's query cannot be parsed")
        }
        guard let authority = try WrittenAuthority(of: url) else {
            throw SourceError(.sourceDenied, "the URL is not absolute")
        }
        try self.init(handle, spelled: authority)
    }

    /// Where a `Location` leads from here (RFC 9110, section 10.2.2).
    func redirected(to location: String) throws(SourceError) -> FetchTarget {
        let handle = try URLHandle()
        try handle.set(CURLUPART_URL, wireText, else: "the URL cannot be parsed")
        let authority: WrittenAuthority?
        do throws(SourceError) {
            authority = try WrittenAuthority(of: location)
            try handle.set(CURLUPART_URL, Self.escaped(location), else: "the Location of a redirect cannot be parsed")
        } catch {
            throw SourceError(.sourceRedirect, "\(self) redirects: \(error.message)")
        }
        let target = try FetchTarget(handle, spelled: authority)
        guard scheme != "https" || target.scheme == "https" else {
            throw SourceError(.sourceRedirect, "\(self) redirects from https to \(target.scheme)")
        }
        return target
    }

    /// Takes what libcurl understood, provided it is what the text says.
    ///
    /// - Parameter authority: As it was written; nil when it comes from the base of a redirect.
    private init(_ handle: URLHandle, spelled authority: WrittenAuthority?) throws(SourceError) {
        try handle.remove(CURLUPART_FRAGMENT)
        guard let scheme = handle.get(CURLUPART_SCHEME), let port = handle.get(CURLUPART_PORT, CURLU_DEFAULT_PORT),
            let number = UInt16(port), number > 0, let host = handle.get(CURLUPART_HOST)
        else { throw SourceError(.sourceDenied, "the URL has no host, or no scheme this source speaks") }
        let isBracketed = host.hasPrefix("[")
        let bare = isBracketed ? Self.oneSpelling(of: host.dropFirst().dropLast()) : HostRule.normalized(host)
        // International names must come in their ASCII form (RFC 5890, A-labels): what libcurl makes of others depends
        // on the process's locale.
        guard IPAddress(bare) != nil || HostRule.isHostName(bare), !Self.isAlmostAddress(bare),
            handle.get(CURLUPART_ZONEID) == nil
        else { throw SourceError(.sourceDenied, "the URL's host is neither an ASCII host name nor an address") }
        guard authority?.spells(host: bare, port: number) ?? true else {
            throw SourceError(
                .sourceDenied,
                "the URL's host or port is spelled in an unusual way; write a name in ASCII (xn-- for others), an IPv4 "
                    + "address as four decimal numbers, a port without zeros in front")
        }
        // What is sent has the same spelling as what is judged: no dot of the root, no capitals.
        try handle.set(CURLUPART_HOST, isBracketed ? "[\(bare)]" : bare, else: "the URL's host cannot be written")
        guard let wireText = handle.get(CURLUPART_URL) else {
            throw SourceError(.sourceDenied, "the URL cannot be written")
        }
        try handle.remove(CURLUPART_QUERY)
        self.scheme = scheme.lowercased()
        self.host = bare
        self.port = number
        path = handle.get(CURLUPART_PATH) ?? "/"
        self.wireText = wireText
        description = handle.get(CURLUPART_URL) ?? "\(scheme)://\(host)"
    }

    /// An IPv6 address as RFC 5952 would have it, so that one host counts as one.
    private static func oneSpelling(of address: Substring) -> String {
        guard let parsed = IPAddress(String(address)), parsed.bytes.count == 16 else { return address.lowercased() }
        return parsed.description
    }

    /// Whether a name ends like a number, without being an address in its one canonical form: resolvers take `0x7f.1` and
    /// `127.1` for addresses too (inet_aton(3)).
    private static func isAlmostAddress(_ host: String) -> Bool {
        guard IPAddress(host) == nil, let last = host.split(separator: ".").last else { return false }
        let digits = last.hasPrefix("0x") ? last.dropFirst(2) : last
        return last.hasPrefix("0x") ? digits.allSatisfy(\.isHexDigit) : digits.allSatisfy(\.isNumber)
    }

    /// Percent-encodes what is not ASCII; nil when there is a control character or a space, which nobody writes well.
    private static func escaped(_ text: String) throws(SourceError) -> String {
        guard text.utf8.count <= 8_192 else { throw SourceError(.sourceDenied, "the URL is longer than 8192 bytes") }
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            guard byte > 0x20, byte != 0x7F else {
                throw SourceError(.sourceDenied, "the URL contains a space or a control character")
            }
            if byte < 0x80 {
                escaped.append(byte)
            } else {
                let digits = Array("0123456789ABCDEF".utf8)
                escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

/// Owns a handle of libcurl's URL interface (libcurl-url(3)).
private final class URLHandle {
    private let handle: OpaquePointer

    init() throws(SourceError) {
        guard let handle = curl_url() else { throw SourceError(.internal, "out of memory", isTransient: true) }
        self.handle = handle
    }

    deinit {
        curl_url_cleanup(handle)
    }

    func set(_ part: CURLUPart, _ value: String, else complaint: String) throws(SourceError) {
        let code = curl_url_set(handle, part, value, UInt32(CURLU_DISALLOW_USER))
        switch code {
        case CURLUE_OK: return
        case CURLUE_USER_NOT_ALLOWED: throw SourceError(.sourceDenied, "the URL contains a user name or password")
        case CURLUE_UNSUPPORTED_SCHEME: throw SourceError(.sourceDenied, "the URL's scheme is neither https nor http")
        default: throw SourceError(.sourceDenied, "\(complaint): \(String(cString: curl_url_strerror(code)))")
        }
    }

    func remove(_ part: CURLUPart) throws(SourceError) {
        guard curl_url_set(handle, part, nil, 0) == CURLUE_OK else {
            throw SourceError(.internal, "out of memory", isTransient: true)
        }
    }

    func get(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
