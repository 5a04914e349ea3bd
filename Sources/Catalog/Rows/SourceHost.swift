import Glibc
public import ImageModel

extension Job {
    /// The host an import fetches from, in the form in which hosts are compared: lower case, without port, brackets and
    /// the dot of the root, an address in its shortest spelling. Nil for jobs that fetch nothing.
    ///
    /// It is the host of the URL that the message names; where redirects lead is not known before the fetch.
    public var sourceHost: String? {
        guard case .import(let request) = request.work else { return nil }
        return SourceHost.canonical(ofURL: request.source.url)
    }
}

/// The host of a URL, as one spelling for each host.
enum SourceHost {
    static func canonical(ofURL url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { !"/?#\\".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
        if host.first == "[" {
            let text = host.dropFirst().prefix { $0 != "]" }.lowercased()
            return address(text, AF_INET6) ?? text
        }
        var name = host.prefix { $0 != ":" }.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        return name.isEmpty ? nil : dottedQuad(name) ?? name
    }

    /// The shortest spelling of an IPv6 address (inet_ntop(3)).
    private static func address(_ text: String, _ family: Int32) -> String? {
        var bytes = in6_addr()
        guard inet_pton(family, text, &bytes) == 1 else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, &bytes, &buffer, socklen_t(buffer.count)) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Numbers in any spelling that resolvers take for an IPv4 address (inet_aton(3)), as a dotted quad.
    private static func dottedQuad(_ text: String) -> String? {
        var address = in_addr()
        guard text.utf8.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true,
            inet_aton(text, &address) != 0
        else { return nil }
        let number = UInt32(bigEndian: address.s_addr)
        return "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }
}
