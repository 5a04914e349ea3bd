import Glibc

/// An IPv4 or IPv6 address as bytes in network order.
///
/// An IPv4 address written inside IPv6 (`::ffff:a.b.c.d`, RFC 4291, section 2.5.5.2) is the IPv4 address: the kernel
/// connects to the same place.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes.
    public let bytes: [UInt8]

    /// An address from 4 or 16 bytes; nil for any other number.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let isMapped = bytes.count == 16 && bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    /// Parses canonical dotted quads and IPv6 text (inet_pton(3)); nil for every other spelling of a number.
    public init?(_ text: String) {
        var storage = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &storage) == 1 {
            self.init(bytes: Array(storage[..<4]))
        } else if inet_pton(AF_INET6, text, &storage) == 1 {
            self.init(bytes: storage)
        } else {
            return nil
        }
    }

    /// The address a socket is about to connect to; nil for a family that is neither IPv4 nor IPv6.
    init?(socketAddress raw: UnsafeRawPointer) {
        // Every socket address begins with its family (sockaddr(3type)).
        switch Int32(raw.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            let address = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            self.init(bytes: withUnsafeBytes(of: address) { Array($0) })
        case AF_INET6:
            let address = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(bytes: withUnsafeBytes(of: address) { Array($0) })
        default:
            return nil
        }
    }

    /// The IPv4 address that a translator or tunnel would deliver to: NAT64 (RFC 6052), 6to4 (RFC 3056) and ISATAP
    /// (RFC 5214, section 6.1).
    var translated: IPAddress? {
        guard bytes.count == 16 else { return nil }
        if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        if bytes.starts(with: [0x20, 0x02]) { return IPAddress(bytes: Array(bytes[2..<6])) }
        if [0x00, 0x02].contains(bytes[8]), bytes[9...11].elementsEqual([0x00, 0x5E, 0xFE]) {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        return nil
    }

    /// The usual text form.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A block of addresses: all that share a prefix.
public struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the block.
    public let base: IPAddress
    /// How many leading bits are shared.
    public let prefixLength: Int

    /// The block that holds one address.
    public init(_ address: IPAddress) {
        base = address
        prefixLength = address.bytes.count * 8
    }

    /// Parses `10.0.0.0/8`, `fd00::/8` or a lone address; nil when bits behind the prefix are set, which is a typo.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = IPAddress(String(parts[0])) else { return nil }
        self.base = base
        guard parts.count == 2 else {
            prefixLength = base.bytes.count * 8
            return
        }
        guard parts[1].allSatisfy(\.isASCII), let length = Int(parts[1]), (0...base.bytes.count * 8).contains(length)
        else { return nil }
        prefixLength = length
        guard contains(base), base.bytes.indices.allSatisfy({ base.bytes[$0] & ~mask(at: $0) == 0 }) else { return nil }
    }

    /// Whether the block is a single address.
    public var isSingle: Bool { prefixLength == base.bytes.count * 8 }

    /// Whether `address` lies in the block; never across families.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == base.bytes.count else { return false }
        return base.bytes.indices.allSatisfy { (address.bytes[$0] ^ base.bytes[$0]) & mask(at: $0) == 0 }
    }

    /// CIDR notation.
    public var description: String { "\(base)/\(prefixLength)" }

    private func mask(at index: Int) -> UInt8 {
        let bits = min(8, max(0, prefixLength - index * 8))
        return UInt8(truncatingIfNeeded: 0xFF00 >> bits)
    }
}
