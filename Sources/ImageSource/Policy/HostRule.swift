/// One entry of `fetch.allow_private`, `fetch.only` or `fetch.deny`.
///
/// A host name (`minio.internal`, or `*.internal` for all names below it), an address, a network in CIDR notation;
/// names and addresses also with a port (`minio.internal:9000`, `[fd00::1]:9000`), which then is the only one meant.
public struct HostRule: Hashable, Sendable, CustomStringConvertible {
    private enum Subject: Hashable {
        case name(String)
        case namesBelow(String)
        case network(IPNetwork)
    }

    /// The rule as it was written.
    public let description: String
    /// The only port the rule is about, when it names one.
    public let port: UInt16?
    private let subject: Subject

    /// Parses an entry; nil for anything that is neither a host name, nor an address, nor a network.
    public init?(_ text: String) {
        description = text
        if let network = IPNetwork(text) {
            subject = .network(network)
            port = nil
            return
        }
        let host: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            guard IPAddress(String(host))?.bytes.count == 16 else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : UInt16(rest.dropFirst())
            guard rest.isEmpty || port != nil else { return nil }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            guard let number = UInt16(text[text.index(after: colon)...]) else { return nil }
            port = number
        } else {
            host = text[...]
            port = nil
        }
        guard port != 0, let subject = Self.subject(String(host)) else { return nil }
        self.subject = subject
    }

    /// Whether the rule is about this host or address, at this port.
    func covers(host: String, address: IPAddress?, port: UInt16) -> Bool {
        guard self.port == nil || self.port == port else { return false }
        switch subject {
        case .name(let name): return name == host
        case .namesBelow(let suffix): return host.hasSuffix(suffix) && host.count > suffix.count
        case .network(let network): return address.map(network.contains) ?? false
        }
    }

    /// Whether the rule is about this one address and no other.
    func singlesOut(_ address: IPAddress, port: UInt16) -> Bool {
        guard case .network(let network) = subject, network.isSingle else { return false }
        return network.contains(address) && (self.port == nil || self.port == port)
    }

    private static func subject(_ host: String) -> Subject? {
        if let address = IPAddress(host) { return .network(IPNetwork(address)) }
        let isBelow = host.hasPrefix("*.")
        let name = normalized(isBelow ? String(host.dropFirst(2)) : host)
        guard isHostName(name) else { return nil }
        return isBelow ? .namesBelow("." + name) : .name(name)
    }

    /// A host name as it is compared: lower case, without the dot of the root.
    static func normalized(_ host: String) -> String {
        let lower = host.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// Whether a text is made of labels of letters, digits, hyphens and underscores (RFC 1123, section 2.1, and what
    /// resolvers accept besides).
    static func isHostName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
        }
    }
}
