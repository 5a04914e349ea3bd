import ImageModel

extension RowCoding {
    /// A destination as the text of a column.
    ///
    /// The body of a dead letter is an array of numbers, as a plain encoder writes it and workers of older versions read
    /// it, but in a fraction of the time: a plain encoder handles a mebibyte number by number.
    public static func text(of destination: OutboxDestination) throws -> String {
        guard case .deadLetter(var letter) = destination, !letter.body.isEmpty else { return try text(destination) }
        let body = letter.body
        letter.body = []
        let envelope = Array(try text(OutboxDestination.deadLetter(letter)).utf8)
        guard let start = bodyStart(in: envelope) else { return try text(destination) }
        var text: [UInt8] = []
        text.reserveCapacity(envelope.count + 4 * body.count)
        text += envelope[..<start]
        for byte in body { append(byte, to: &text) }
        text.removeLast()
        text += envelope[start...]
        return String(decoding: text, as: UTF8.self)
    }

    /// A destination from the text of a column.
    public static func destination(from text: String) throws -> OutboxDestination {
        let bytes = Array(text.utf8)
        guard let start = bodyStart(in: bytes), let (body, end) = numbers(in: bytes, from: start) else {
            return try value(from: text)
        }
        let envelope = bytes[..<start] + bytes[end...]
        let destination: OutboxDestination = try value(from: String(decoding: envelope, as: UTF8.self))
        guard case .deadLetter(var letter) = destination else { return try value(from: text) }
        letter.body = body
        return .deadLetter(letter)
    }

    /// What no string can hold, because its quotes would be escaped.
    private static let bodyKey = Array("\"body\":[".utf8)

    private static func bodyStart(in text: [UInt8]) -> Int? {
        guard text.count >= bodyKey.count else { return nil }
        for start in 0...(text.count - bodyKey.count) where text[start] == bodyKey[0] {
            if text[start..<start + bodyKey.count].elementsEqual(bodyKey) { return start + bodyKey.count }
        }
        return nil
    }

    /// Writes a byte as a decimal number with a comma.
    private static func append(_ byte: UInt8, to text: inout [UInt8]) {
        if byte >= 100 { text.append(zero + byte / 100) }
        if byte >= 10 { text.append(zero + byte / 10 % 10) }
        text.append(zero + byte % 10)
        text.append(comma)
    }

    /// The numbers up to the end of their array, and where that is; nil when they are written in any other way than
    /// ``text(of:)`` and a plain encoder do.
    private static func numbers(in text: [UInt8], from start: Int) -> (body: [UInt8], end: Int)? {
        var body: [UInt8] = []
        body.reserveCapacity((text.count - start) / 3)
        var number: Int?
        for index in start..<text.count {
            switch text[index] {
            case let digit where (zero...zero + 9).contains(digit):
                number = (number ?? 0) * 10 + Int(digit - zero)
                if number ?? 0 > Int(UInt8.max) { return nil }
            case comma:
                guard let byte = number else { return nil }
                body.append(UInt8(byte))
                number = nil
            case UInt8(ascii: "]"):
                if let byte = number { body.append(UInt8(byte)) } else if !body.isEmpty { return nil }
                return (body, index)
            default: return nil
            }
        }
        return nil
    }

    private static let zero = UInt8(ascii: "0")
    private static let comma = UInt8(ascii: ",")
}
