/// The reading position in a document, and the grammar of values. Recursion is bounded by the depth limit.
struct JSONScanner {
    let bytes: [UInt8]
    let depthLimit: Int
    var position = 0
    /// The tokens of the value that is being read, kept for errors.
    private var path: [Step] = []

    private enum Step {
        case member(String)
        case element(Int)
    }

    init(_ bytes: [UInt8], depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error("The document begins with a byte order mark", at: 0)
        }
        skipWhitespace()
        guard position < bytes.count else { throw error("The document is empty", at: position) }
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else { throw unexpected("the end") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard position < bytes.count else { throw unexpected("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try enter(depth)
        skipWhitespace()
        guard !take("}") else { return .object(JSONObject()) }
        var members: [JSONObject.Member] = []
        members.reserveCapacity(4)
        var names = MemberNames()
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw unexpected("a member name") }
            let start = position
            let name = try string()
            path.append(.member(name))
            guard names.insert(name, after: members) else {
                throw error("A member comes twice", at: start)
            }
            skipWhitespace()
            guard take(":") else { throw unexpected("\":\"") }
            skipWhitespace()
            members.append(JSONObject.Member(name: name, value: try value(depth: depth)))
            path.removeLast()
            skipWhitespace()
            if take("}") { return .object(JSONObject(members)) }
            guard take(",") else { throw unexpected("\",\" or \"}\"") }
            skipWhitespace()
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try enter(depth)
        var elements: [JSONValue] = []
        skipWhitespace()
        guard !take("]") else { return .array([]) }
        while true {
            path.append(.element(elements.count))
            elements.append(try value(depth: depth))
            path.removeLast()
            skipWhitespace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw unexpected("\",\" or \"]\"") }
            skipWhitespace()
        }
    }

    private mutating func enter(_ depth: Int) throws(JSONSyntaxError) {
        guard depth <= depthLimit else {
            throw error("The document is deeper than \(depthLimit) levels", at: position)
        }
        position += 1
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let matches = text.withUTF8Buffer { expected in
            bytes.count - position >= expected.count
                && bytes[position..<(position + expected.count)].elementsEqual(expected)
        }
        guard matches else { throw unexpected("a value") }
        position += text.utf8CodeUnitCount
        return value
    }

    // MARK: Bytes

    func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    // MARK: Errors

    func error(_ reason: String, at offset: Int, value: String = "") -> JSONSyntaxError {
        let tokens = path.map { step in
            switch step {
            case .member(let name): name
            case .element(let index): "\(index)"
            }
        }
        return JSONSyntaxError(
            reason: reason, path: JSONPointer(tokens), offset: offset,
            value: ShortenedText.cut(value, to: ShortenedText.limit))
    }

    /// What stands at the position is not what the grammar wants there.
    func unexpected(_ wanted: String) -> JSONSyntaxError {
        guard let byte = peek() else {
            return error("The document ends where \(wanted) should stand", at: position)
        }
        let isPrintable = (0x21...0x7E).contains(byte)
        let found = isPrintable ? String(Unicode.Scalar(byte)) : "byte 0x" + [byte].hex
        return error("Expected \(wanted), but found \(isPrintable ? "'\(found)'" : found)", at: position, value: found)
    }
}

/// The names that an object has so far: a scan while they are few, a set when they become many.
private struct MemberNames {
    private var names: Set<ExactName> = []

    /// Whether `name` is new after `members`.
    mutating func insert(_ name: String, after members: [JSONObject.Member]) -> Bool {
        let name = ExactName(text: name)
        if members.count < 8 { return !members.contains { ExactName(text: $0.name) == name } }
        if names.isEmpty { names = Set(members.map { ExactName(text: $0.name) }) }
        return names.insert(name).inserted
    }
}

/// A name compared scalar by scalar, as RFC 8259 section 8.3 compares names: normalising them would cost a hostile
/// message's reader a hundred times as much.
private struct ExactName: Hashable {
    let text: String

    static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension [UInt8] {
    fileprivate var hex: String {
        map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
