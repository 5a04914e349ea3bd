/// An address and port to listen on: `127.0.0.1:8474`, `[::1]:8474`, `0.0.0.0:8474`.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or address, an IPv6 address without its brackets.
    public let host: String
    /// The TCP port; 0 lets the kernel choose.
    public let port: Int

    /// An address as it is, unchecked.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Parses `host:port` or `[IPv6]:port`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        let isPlain = host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".:-_%".contains($0)) }
        guard !host.isEmpty, isPlain else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.split(separator: ".").count == 4)
    }

    /// The text that parses to this address.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
