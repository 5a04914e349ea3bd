/// Decides which hosts, ports and addresses may be connected to. Pure: it resolves nothing and connects to nothing.
///
/// Names are judged before they are resolved, addresses when a socket is about to connect to them, so that what was
/// judged and what is connected to cannot differ.
public struct AddressPolicy: Sendable, Hashable {
    private let schemes: Set<String>
    private let ports: Set<UInt16>
    private let allowPrivate: [HostRule]
    private let only: [HostRule]
    private let deny: [HostRule]

    /// The address part of a policy.
    public init(_ policy: FetchPolicy) {
        schemes = policy.schemes
        ports = policy.ports
        allowPrivate = policy.allowPrivate
        only = policy.only
        deny = policy.deny
    }

    /// Judges what a URL says, before its host is resolved: nil when it may be tried, else why not, as half a sentence.
    public func refusal(scheme: String, host: String, port: UInt16) -> String? {
        guard schemes.contains(scheme), ["http", "https", "s3"].contains(scheme) else {
            return "the scheme \(scheme) is not among fetch.schemes"
        }
        guard ports.contains(port) || allowPrivate.contains(where: { $0.port == port }) else {
            return "the port \(port) is not among fetch.ports"
        }
        let host = HostRule.normalized(host)
        if let address = IPAddress(host) { return judge(address: address, host: host, port: port) }
        if deny.contains(where: { $0.covers(host: host, address: nil, port: port) }) {
            return "fetch.deny names the host \(host)"
        }
        return nil
    }

    /// Judges an address that `host` resolved to: nil when it may be connected to, else why not, as half a sentence.
    ///
    /// `fetch.deny` wins over everything; `fetch.only` narrows; an address that is not global must be named by
    /// `fetch.allow_private`, and a cloud's metadata service by its very address. The address itself is not told: the
    /// sender of a job need not learn what a private name resolves to.
    public func judge(address: IPAddress, host: String, port: UInt16) -> String? {
        let host = HostRule.normalized(host)
        let addresses = [address] + (address.translated.map { [$0] } ?? [])
        if addresses.contains(where: { address in
            deny.contains { $0.covers(host: host, address: address, port: port) }
        }) {
            return "fetch.deny names the host \(host) or its address"
        }
        let isAllowed = allowPrivate.contains { $0.covers(host: host, address: address, port: port) }
        guard only.isEmpty || only.contains(where: { $0.covers(host: host, address: address, port: port) }) else {
            return "the host \(host) is not among fetch.only"
        }
        let isPortNamed = allowPrivate.contains {
            $0.port == port && $0.covers(host: host, address: address, port: port)
        }
        guard ports.contains(port) || isPortNamed else { return "the port \(port) is not among fetch.ports" }
        let reach = AddressReach(address)
        switch reach {
        case .global: return nil
        case .metadata where !allowPrivate.contains(where: { $0.singlesOut(address, port: port) }):
            return "\(host) is at \(reach.rawValue) address, which only a rule for that very address may allow"
        case _ where isAllowed: return nil
        default: return "\(host) is at \(reach.rawValue) address, which fetch.allow_private does not name"
        }
    }

    /// Judges a host that a proxy will resolve, so that its address is never seen here.
    public func judgeBehindProxy(host: String, port: UInt16) -> String? {
        let host = HostRule.normalized(host)
        guard IPAddress(host) == nil else { return nil }
        let isNamed = allowPrivate.contains { $0.covers(host: host, address: nil, port: port) }
        guard isNamed || !Self.isLocalName(host) else {
            return
                "\(host) is a name for this machine or for a cloud's metadata, which fetch.allow_private does not name"
        }
        guard only.isEmpty || only.contains(where: { $0.covers(host: host, address: nil, port: port) }) else {
            return "the host \(host) is not among fetch.only"
        }
        let isPortNamed = allowPrivate.contains {
            $0.port == port && $0.covers(host: host, address: nil, port: port)
        }
        return ports.contains(port) || isPortNamed ? nil : "the port \(port) is not among fetch.ports"
    }

    /// Names that lead to the machine that resolves them (RFC 6761, section 6.3), or to a cloud's metadata service.
    private static func isLocalName(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || metadataNames.contains(host)
    }

    private static let metadataNames: Set<String> = [
        "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal",
        "metadata.tencentyun.com", "metadata.azure.internal",
    ]
}
