/// The status line and fields of a response, as they come in line by line.
struct ResponseHead: Sendable {
    /// The most bytes of status line and fields that are read; a peer that sends more is cut off.
    static let byteLimit = 64 << 10

    private(set) var status = 0
    private(set) var byteCount = 0
    private var fields: [(name: String, value: String)] = []

    /// Takes one line with or without its line end; false when the limit is passed.
    mutating func append(_ line: UnsafeRawBufferPointer) -> Bool {
        byteCount += line.count
        guard byteCount <= Self.byteLimit else { return false }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // A new status line begins a new head: what came before was interim (RFC 9110, section 15.2).
            status = text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
            fields = []
        } else if let colon = text.firstIndex(of: ":") {
            fields.append((text[..<colon].lowercased(), Self.trimmed(text[text.index(after: colon)...])))
        }
        return true
    }

    /// The first value of a field, by its lower-case name.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All values of a field.
    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (character: Character) in character.isWhitespace }
        let end = text.lastIndex { !isSpace($0) }.map(text.index(after:)) ?? text.startIndex
        return String(text[..<end].drop(while: isSpace))
    }
}

/// `Content-Range: bytes 5-9/10` (RFC 9110, section 14.4).
struct ContentRange: Hashable, Sendable {
    /// The first byte sent; nil in the answer to a range that cannot be satisfied.
    let start: Int64?
    /// The full length, when it is known.
    let total: Int64?

    /// Parses the field's value; nil for other units and for nonsense.
    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[1] == "*" {
            total = nil
        } else {
            guard let number = Int64(decimal: parts[1]) else { return nil }
            total = number
        }
        if parts[0] == "*" {
            start = nil
            return
        }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(decimal: ends[0]), let last = Int64(decimal: ends[1]), first <= last,
            total.map({ last < $0 }) ?? true
        else { return nil }
        start = first
    }
}

extension Int64 {
    /// Parses ASCII digits and nothing else: no sign, no space.
    init?(decimal text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        self.init(text)
    }
}
