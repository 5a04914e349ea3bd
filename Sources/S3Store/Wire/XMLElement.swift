/// An element of an answer, with what an S3 answer has: a name, text and other elements.
///
/// Read by a reader of our own and not by Foundation's: what S3 sends is a small part of XML, and what is not understood
/// cannot be attacked. There is no document type here, so no entity of anybody's making, nothing external and nothing that
/// grows; comments, attributes and processing instructions are passed over; length, depth and number of elements are bounded.
struct XMLElement: Sendable {
    /// The name without its prefix.
    let name: String
    /// The text directly inside, entities resolved.
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    /// The deepest nesting that is read.
    static let depthLimit = 16
    /// The most elements that are read: a page of a list has 1,000 entries of about ten.
    static let elementLimit = 50_000

    /// The text of the first child of that name.
    subscript(name: String) -> String? { children.first { $0.name == name }?.text }

    /// All children of that name.
    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// Parses a document; nil when it is not one, or has what S3's answers have no need of.
    init?(parsing bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var reader = XMLReader(text)
        guard let root = reader.document() else { return nil }
        self = root
    }

    fileprivate init(name: String) {
        self.name = name
    }
}

private struct XMLReader {
    private var rest: Substring.UTF8View
    private var elements = 0

    init(_ text: String) {
        rest = text[...].utf8
        if text.hasPrefix("\u{FEFF}") { rest = rest.dropFirst(3) }
    }

    mutating func document() -> XMLElement? {
        guard skipMisc(), let root = element(depth: 0), skipMisc(), rest.isEmpty else { return nil }
        return root
    }

    /// Passes over blanks, comments and processing instructions; a document type is refused by ``element(depth:)``.
    private mutating func skipMisc() -> Bool {
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
            if rest.starts(with: "<!--".utf8) {
                guard skip(past: "-->") else { return false }
            } else if rest.starts(with: "<?".utf8) {
                guard skip(past: "?>") else { return false }
            } else {
                return true
            }
        }
    }

    private mutating func skip(past end: String) -> Bool {
        let end = Array(end.utf8)
        while let first = rest.first {
            if first == end[0], rest.starts(with: end) {
                rest = rest.dropFirst(end.count)
                return true
            }
            rest = rest.dropFirst()
        }
        return false
    }

    private mutating func element(depth: Int) -> XMLElement? {
        elements += 1
        guard depth < XMLElement.depthLimit, elements <= XMLElement.elementLimit, take("<"), let tag = name() else {
            return nil
        }
        guard let isEmpty = endOfTag() else { return nil }
        var element = XMLElement(name: Self.local(tag))
        if isEmpty { return element }
        while true {
            if rest.starts(with: "</".utf8) {
                rest = rest.dropFirst(2)
                guard name() == tag else { return nil }
                rest = rest.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
                return take(">") ? element : nil
            } else if rest.starts(with: "<!--".utf8) {
                guard skip(past: "-->") else { return nil }
            } else if rest.starts(with: "<".utf8) {
                guard let child = self.element(depth: depth + 1) else { return nil }
                element.children.append(child)
            } else {
                guard let text = text() else { return nil }
                element.text += text
            }
        }
    }

    /// Passes over attributes; whether the tag ends with `/>`.
    private mutating func endOfTag() -> Bool? {
        var quote: UInt8?
        while let byte = rest.popFirst() {
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return false
            } else if byte == UInt8(ascii: "/") {
                return take(">") ? true : nil
            } else if byte == UInt8(ascii: "<") {
                return nil
            }
        }
        return nil
    }

    private mutating func name() -> String? {
        let name = rest.prefix { byte in
            byte > 0x7F || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".") || UnicodeScalar(byte).properties.isAlphabetic
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard !name.isEmpty, name.count <= 256 else { return nil }
        rest = rest.dropFirst(name.count)
        return String(Substring(name))
    }

    /// Text up to the next tag; nil at the end of the document, which comes too early here.
    private mutating func text() -> String? {
        let raw = rest.prefix { $0 != UInt8(ascii: "<") }
        guard !raw.isEmpty else { return nil }
        rest = rest.dropFirst(raw.count)
        return Self.resolved(Substring(raw))
    }

    /// Replaces the five entities of XML and character references; any other is nobody's.
    private static func resolved(_ raw: Substring) -> String? {
        guard raw.utf8.contains(UInt8(ascii: "&")) else { return String(raw) }
        var text = ""
        var rest = raw
        while let mark = rest.firstIndex(of: "&") {
            text += rest[..<mark]
            guard let end = rest[mark...].firstIndex(of: ";"),
                let character = character(rest[rest.index(after: mark)..<end])
            else { return nil }
            text.unicodeScalars.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return text + rest
    }

    private static func character(_ reference: Substring) -> Unicode.Scalar? {
        switch reference {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard reference.hasPrefix("#"), reference.utf8.count <= 10 else { return nil }
            let digits = reference.dropFirst()
            let isHex = digits.hasPrefix("x") || digits.hasPrefix("X")
            return (isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)).flatMap(Unicode.Scalar.init)
        }
    }

    private static func local(_ name: String) -> String {
        name.split(separator: ":", maxSplits: 1).last.map(String.init) ?? name
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}

extension String {
    /// This text as it may stand inside an element.
    var escapedForXML: String {
        var text = ""
        for character in unicodeScalars {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
