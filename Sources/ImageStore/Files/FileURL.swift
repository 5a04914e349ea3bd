/// A `file:` URL with an absolute path and no host (RFC 8089).
struct FileURL {
    /// The path without a trailing slash.
    let path: String

    /// Parses `file:///path`, undoing percent encoding; nil for anything else, for a path with `..` or a NUL in it,
    /// and for the root directory.
    init?(_ text: String) {
        guard text.hasPrefix("file:///"), !text.contains("?"), !text.contains("#") else { return nil }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...].dropFirst("file://".utf8.count)
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            rest = rest.dropFirst(2)
            bytes.append(decoded)
        }
        let components = bytes.split(separator: UInt8(ascii: "/"))
        guard !components.isEmpty, !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self),
            !components.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) })
        else { return nil }
        path = decoded.hasSuffix("/") ? String(decoded.dropLast()) : decoded
    }

    /// The URL of something below this path; `child` needs no encoding.
    func appending(_ child: String) -> String {
        var text = "file://"
        for byte in path.utf8 {
            if Self.isPlain(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + [byte].uppercaseHex
            }
        }
        return "\(text)/\(child)"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~/".utf8.contains(byte)
        }
    }
}

extension [UInt8] {
    fileprivate var uppercaseHex: String {
        map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) }.joined()
    }
}
