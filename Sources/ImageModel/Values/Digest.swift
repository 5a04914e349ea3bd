/// A digest algorithm that jobs may ask for (CONTRACT section 2).
public enum DigestAlgorithm: String, Sendable, Codable, CaseIterable, Comparable {
    /// RFC 1321, 16 bytes; for comparison with published lists, not for security.
    case md5
    /// FIPS 180-4, 20 bytes; for comparison with published lists, not for security.
    case sha1
    /// FIPS 180-4, 32 bytes.
    case sha256
    /// FIPS 180-4, 48 bytes.
    case sha384
    /// FIPS 180-4, 64 bytes.
    case sha512
    /// RFC 7693 with a 64-byte digest and no key.
    case blake2b512 = "blake2b-512"

    /// The length of this algorithm's digests in bytes.
    public var byteLength: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512, .blake2b512: 64
        }
    }

    /// Orders as the cases are declared, which is how digests are listed everywhere.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// The digest of some bytes under one algorithm.
public struct Digest: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The algorithm that made it.
    public let algorithm: DigestAlgorithm
    /// Lower-case hexadecimal, twice ``DigestAlgorithm/byteLength`` characters.
    public let hex: String

    /// A digest from its raw bytes; nil when their number does not fit the algorithm.
    public init?(_ algorithm: DigestAlgorithm, bytes: some Collection<UInt8>) {
        guard bytes.count == algorithm.byteLength else { return nil }
        self.algorithm = algorithm
        hex = bytes.lowercaseHex
    }

    /// A digest from hexadecimal of either case; nil when it is not hexadecimal of the right length.
    public init?(_ algorithm: DigestAlgorithm, hex: String) {
        guard hex.utf8.count == algorithm.byteLength * 2, hex.utf8.allSatisfy(\.isHexDigit) else { return nil }
        self.algorithm = algorithm
        self.hex = hex.lowercased()
    }

    /// `sha256:9f86…`
    public var description: String { "\(algorithm.rawValue):\(hex)" }
}

extension Collection<UInt8> {
    /// Two lower-case hexadecimal characters a byte.
    public var lowercaseHex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
