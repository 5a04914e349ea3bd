/// Reads the part of XML 1.0 that descriptors are written in, one event after the other.
///
/// Small on purpose: what comes is chosen by strangers. There are no document types, and so no entities but the five
/// that are always there, none that grow and none that are fetched; the text is UTF-8; depth, names and attributes are
/// bounded. What is beyond that is refused, never guessed.
struct XMLReader {
    enum Event: Equatable {
        /// A start tag. Prefixes are dropped: descriptors use each local name in one meaning.
        case start(name: String, attributes: [String: String])
        case end(name: String)
        case text(String)
    }

    static let depth = 64
    static let attributes = 64
    static let nameLength = 256

    private let bytes: [UInt8]
    private var place = 0
    private var open: [ArraySlice<UInt8>] = []
    private var hasRoot = false
    private var pendingEnd: String?

    /// - Throws: When the text is not UTF-8.
    init(_ bytes: [UInt8]) throws(XMLFault) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw XMLFault(reason: "is not UTF-8", offset: 0)
        }
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// The next event; nil at the end of a whole document.
    mutating func next() throws(XMLFault) -> Event? {
        if let name = pendingEnd.take() { return .end(name: name) }
        while place < bytes.count {
            if bytes[place] != Self.less { return try text() }
            if skip("<?") {
                try skipPast("?>")
            } else if skip("<!--") {
                try skipPast("-->")
            } else if skip("<![CDATA[") {
                return try characterData()
            } else if skip("<!") {
                throw fault("has a document type")
            } else if skip("</") {
                return try endTag()
            } else {
                place += 1
                return try startTag()
            }
        }
        guard open.isEmpty, hasRoot else { throw fault("ends in the middle") }
        return nil
    }

    // MARK: Tags

    private mutating func startTag() throws(XMLFault) -> Event {
        guard !(open.isEmpty && hasRoot) else { throw fault("has a second root") }
        let name = try name()
        var attributes: [String: String] = [:]
        var count = 0
        while true {
            let hadSpace = skipSpace()
            if skip(">") {
                guard open.count < Self.depth else { throw fault("is nested too deeply") }
                open.append(name)
                break
            }
            if skip("/>") {
                pendingEnd = local(name)
                break
            }
            guard hadSpace else { throw fault("has a tag that is none") }
            count += 1
            guard count <= Self.attributes else { throw fault("has an element with too many attributes") }
            let key = try self.name()
            _ = skipSpace()
            guard skip("=") else { throw fault("has an attribute without a value") }
            _ = skipSpace()
            let value = try quoted()
            // The first one stands: what names the same thing twice under two prefixes begins with the standard one.
            if attributes[local(key)] == nil { attributes[local(key)] = value }
        }
        hasRoot = true
        return .start(name: local(name), attributes: attributes)
    }

    private mutating func endTag() throws(XMLFault) -> Event {
        let name = try name()
        _ = skipSpace()
        guard skip(">"), open.popLast() == name else { throw fault("has an end tag that ends nothing") }
        return .end(name: local(name))
    }

    private mutating func name() throws(XMLFault) -> ArraySlice<UInt8> {
        let begin = place
        while place < bytes.count, Self.isName(bytes[place]) { place += 1 }
        guard place > begin, place - begin <= Self.nameLength, !"-.0123456789".utf8.contains(bytes[begin]) else {
            throw fault("has a name that is none")
        }
        return bytes[begin..<place]
    }

    private func local(_ name: ArraySlice<UInt8>) -> String {
        String(decoding: name.split(separator: UInt8(ascii: ":")).last ?? name, as: UTF8.self)
    }

    private mutating func quoted() throws(XMLFault) -> String {
        guard place < bytes.count, bytes[place] == 0x22 || bytes[place] == 0x27 else {
            throw fault("has an attribute without quotes")
        }
        let quote = bytes[place]
        place += 1
        let begin = place
        while place < bytes.count, bytes[place] != quote {
            guard bytes[place] != Self.less else { throw fault("has a value with a tag in it") }
            place += 1
        }
        guard place < bytes.count else { throw fault("ends in a value") }
        defer { place += 1 }
        return try resolved(bytes[begin..<place])
    }

    // MARK: Text

    private mutating func text() throws(XMLFault) -> Event {
        let begin = place
        while place < bytes.count, bytes[place] != Self.less { place += 1 }
        return try checked(try resolved(bytes[begin..<place]))
    }

    private mutating func characterData() throws(XMLFault) -> Event {
        let begin = place
        try skipPast("]]>")
        return try checked(String(decoding: bytes[begin..<(place - 3)], as: UTF8.self))
    }

    private func checked(_ text: String) throws(XMLFault) -> Event {
        guard !open.isEmpty || text.utf8.allSatisfy(Self.isSpace) else { throw fault("has text outside of its root") }
        return .text(text)
    }

    private func resolved(_ bytes: ArraySlice<UInt8>) throws(XMLFault) -> String {
        guard bytes.contains(Self.ampersand) else { return String(decoding: bytes, as: UTF8.self) }
        var text: [UInt8] = []
        var rest = bytes
        while let mark = rest.firstIndex(of: Self.ampersand) {
            text += rest[..<mark]
            guard let end = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw fault("has a reference without an end")
            }
            guard let character = Self.character(String(decoding: rest[(mark + 1)..<end], as: UTF8.self)) else {
                throw fault("refers to an entity")
            }
            text += String(character).utf8
            rest = rest[(end + 1)...]
        }
        return String(decoding: text + rest, as: UTF8.self)
    }

    private static func character(_ reference: String) -> Unicode.Scalar? {
        switch reference {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHex = reference.hasPrefix("#x")
            guard reference.hasPrefix("#"),
                let code = UInt32(reference.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10), code != 0
            else { return nil }
            return Unicode.Scalar(code)
        }
    }

    // MARK: Places

    private func fault(_ reason: String) -> XMLFault { XMLFault(reason: reason, offset: place) }

    private mutating func skip(_ text: StaticString) -> Bool {
        let isThere = text.withUTF8Buffer { bytes[place...].starts(with: $0) }
        if isThere { place += text.utf8CodeUnitCount }
        return isThere
    }

    private mutating func skipPast(_ text: StaticString) throws(XMLFault) {
        while place < bytes.count {
            if skip(text) { return }
            place += 1
        }
        throw fault("ends in the middle")
    }

    private mutating func skipSpace() -> Bool {
        let begin = place
        while place < bytes.count, Self.isSpace(bytes[place]) { place += 1 }
        return place > begin
    }

    private static let less = UInt8(ascii: "<")
    private static let ampersand = UInt8(ascii: "&")

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: true
        default: "_-.:".utf8.contains(byte)
        }
    }
}
