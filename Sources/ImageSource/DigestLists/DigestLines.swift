import ImageModel

/// One line of a list that has the form of a digest.
struct DigestLine: Equatable {
    /// The hexadecimal digits.
    let hex: ArraySlice<UInt8>
    /// The algorithm's name in front of the file's, as it was written.
    let label: String?
    /// The file's name, unescaped; nil when the line is a digest and nothing else.
    let name: [UInt8]?

    /// The digest; nil for an algorithm that is not known here.
    func digest(prefersBLAKE2: Bool) -> Digest? {
        let text = String(decoding: hex, as: UTF8.self)
        guard let label else {
            let candidates = DigestAlgorithm.allCases.filter { $0.byteLength * 2 == hex.count }
            return (prefersBLAKE2 ? candidates.last : candidates.first).flatMap { Digest($0, hex: text) }
        }
        return Self.labels[label.uppercased()].flatMap { Digest($0, hex: text) }
    }

    private static let labels: [String: DigestAlgorithm] = [
        "MD5": .md5, "SHA1": .sha1, "SHA-1": .sha1, "SHA256": .sha256, "SHA-256": .sha256, "SHA2-256": .sha256,
        "SHA384": .sha384, "SHA-384": .sha384, "SHA2-384": .sha384, "SHA512": .sha512, "SHA-512": .sha512,
        "SHA2-512": .sha512, "BLAKE2B": .blake2b512, "BLAKE2B-512": .blake2b512, "BLAKE2B512": .blake2b512,
    ]
}

/// The lines of a list that have the form of a digest, in their order.
///
/// What stands between the marks of a clear-signed message (RFC 9580, section 7) is read, its signature is not.
struct DigestLines: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var place: Int
    private var isInSignature = false
    private var isDashEscaped = false

    /// Longer lines are passed over: no name is that long.
    private static let lineLimit = 4_096

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // A byte order mark is no part of the first line.
        place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    mutating func next() -> DigestLine? {
        while let line = nextLine() {
            if line.starts(with: Self.beginMessage) {
                isDashEscaped = true
            } else if line.starts(with: Self.beginSignature) {
                isInSignature = true
            } else if line.starts(with: Self.endSignature) {
                isInSignature = false
            } else if !isInSignature, line.count <= Self.lineLimit {
                let isEscaped = isDashEscaped && line.starts(with: Array("- ".utf8))
                if let parsed = DigestLine(isEscaped ? line.dropFirst(2) : line) { return parsed }
            }
        }
        return nil
    }

    private mutating func nextLine() -> ArraySlice<UInt8>? {
        guard place < bytes.count else { return nil }
        let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        defer { place = end + 1 }
        let line = bytes[place..<end]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    private static let beginMessage = Array("-----BEGIN PGP SIGNED MESSAGE-----".utf8)
    private static let beginSignature = Array("-----BEGIN PGP SIGNATURE-----".utf8)
    private static let endSignature = Array("-----END PGP SIGNATURE-----".utf8)
}

extension DigestLine {
    /// Parses a line without its end; nil for every other form.
    init?(_ line: ArraySlice<UInt8>) {
        // A backslash in front says that the name is written with escapes (sha256sum(1)).
        let isEscaped = line.first == UInt8(ascii: "\\")
        let text = isEscaped ? line.dropFirst() : line
        guard let parsed = Self.plain(text) ?? Self.tagged(text) else { return nil }
        hex = parsed.hex
        label = parsed.label
        guard let name = parsed.name else {
            self.name = nil
            return
        }
        guard let plain = isEscaped ? Self.unescaped(name) : Array(name), !plain.isEmpty else { return nil }
        self.name = plain
    }

    private typealias Parts = (hex: ArraySlice<UInt8>, label: String?, name: ArraySlice<UInt8>?)

    /// `<hex>`, `<hex>  <name>`, `<hex> *<name>`.
    private static func plain(_ text: ArraySlice<UInt8>) -> Parts? {
        let hex = text.prefix { $0.hexValue != nil }
        guard isDigestLength(hex.count) else { return nil }
        let rest = text[hex.endIndex...]
        let name = rest.drop(while: \.isBlank)
        if name.isEmpty { return (hex, nil, nil) }
        guard name.startIndex > rest.startIndex else { return nil }
        return (hex, nil, name.first == UInt8(ascii: "*") ? name.dropFirst() : name)
    }

    /// `<label> (<name>) = <hex>`, the blanks being optional.
    private static func tagged(_ text: ArraySlice<UInt8>) -> Parts? {
        let label = text.prefix { $0.isLabelByte }
        guard !label.isEmpty, label.count <= 16 else { return nil }
        var rest = text[label.endIndex...].drop(while: \.isBlank)
        guard rest.first == UInt8(ascii: "(") else { return nil }
        rest = rest.dropFirst()
        guard let close = rest.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let name = rest[..<close]
        rest = rest[(close + 1)...].drop(while: \.isBlank)
        guard rest.first == UInt8(ascii: "=") else { return nil }
        rest = rest.dropFirst().drop(while: \.isBlank)
        let hex = rest.prefix { $0.hexValue != nil }
        guard isDigestLength(hex.count), rest[hex.endIndex...].allSatisfy(\.isBlank) else { return nil }
        return (hex, String(decoding: label, as: UTF8.self), name)
    }

    private static func isDigestLength(_ digits: Int) -> Bool {
        DigestAlgorithm.allCases.contains { $0.byteLength * 2 == digits }
    }

    /// Undoes `\\`, `\n` and `\r`; nil for any other escape.
    private static func unescaped(_ name: ArraySlice<UInt8>) -> [UInt8]? {
        var plain: [UInt8] = []
        var rest = name
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): plain.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "n"): plain.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): plain.append(UInt8(ascii: "\r"))
            default: return nil
            }
        }
        return plain
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    fileprivate var isLabelByte: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
