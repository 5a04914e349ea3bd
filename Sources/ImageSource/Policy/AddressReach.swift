/// Who can be reached at an address: anybody's server, or something that only machines near the worker may see.
///
/// The ranges are those of the IANA special-purpose address registries (RFC 6890 and its successors) and the
/// well-known metadata services of clouds.
public enum AddressReach: String, Sendable, CaseIterable {
    /// A server on the Internet.
    case global
    /// `0.0.0.0/8` and `::`, which the kernel takes for this machine.
    case unspecified = "an unspecified"
    /// This machine.
    case loopback = "a loopback"
    /// RFC 1918 and unique local addresses (RFC 4193).
    case `private` = "a private"
    /// Shared by carriers (RFC 6598).
    case carrier = "a carrier-grade NAT"
    /// Reaches this link only.
    case linkLocal = "a link-local"
    /// A cloud's metadata service: credentials lie there.
    case metadata = "a cloud metadata"
    /// Many receivers.
    case multicast = "a multicast"
    /// Set aside by a standard: protocols, documentation, benchmarks, the future.
    case reserved = "a reserved"

    /// The reach of an address. Addresses that a NAT64, 6to4 or ISATAP gateway would
    /// translate are judged as what they become.
    public init(_ address: IPAddress) {
        if let known = Self.table.first(where: { $0.network.contains(address) }) {
            self = known.reach
        } else if let inner = address.translated {
            self = Self(inner)
        } else if address.bytes.count == 16 && address.bytes[0] & 0xE0 != 0x20 {
            // Only 2000::/3 is handed out for global unicast (RFC 4291, section 2.4); what is not, is not a source.
            self = .reserved
        } else {
            self = .global
        }
    }

    /// First match wins, so the metadata services stand before the ranges they lie in.
    private static let table: [(network: IPNetwork, reach: AddressReach)] = [
        ("169.254.169.254/32", .metadata), ("169.254.170.2/32", .metadata), ("169.254.170.23/32", .metadata),
        ("169.254.0.23/32", .metadata), ("169.254.42.42/32", .metadata), ("100.100.100.200/32", .metadata),
        ("168.63.129.16/32", .metadata), ("192.0.0.192/32", .metadata), ("fd00:ec2::254/128", .metadata),
        ("fd00:ec2::23/128", .metadata), ("fd20:ce::254/128", .metadata), ("fd00:42::42/128", .metadata),
        ("fe80::a9fe:a9fe/128", .metadata),
        ("0.0.0.0/8", .unspecified), ("10.0.0.0/8", .private), ("100.64.0.0/10", .carrier), ("127.0.0.0/8", .loopback),
        ("169.254.0.0/16", .linkLocal), ("172.16.0.0/12", .private), ("192.0.0.0/24", .reserved),
        ("192.0.2.0/24", .reserved), ("192.88.99.0/24", .reserved), ("192.168.0.0/16", .private),
        ("198.18.0.0/15", .reserved), ("198.51.100.0/24", .reserved), ("203.0.113.0/24", .reserved),
        ("224.0.0.0/4", .multicast), ("240.0.0.0/4", .reserved),
        ("::/128", .unspecified), ("::1/128", .loopback), ("64:ff9b:1::/48", .private), ("100::/64", .reserved),
        ("2001::/23", .reserved), ("2001:db8::/32", .reserved), ("3fff::/20", .reserved), ("fc00::/7", .private),
        ("fe80::/10", .linkLocal), ("fec0::/10", .private), ("ff00::/8", .multicast),
    ].compactMap { text, reach in IPNetwork(text).map { ($0, reach) } }
}
