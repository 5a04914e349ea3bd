extension JSONScanner {
    /// No number that means anything is longer, and converting long ones is no longer cheap.
    private static let numberByteLimit = 1_024

    /// Reads a number; a minus sign or a digit stands at the position.
    mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        let isNegative = take("-")
        let integerStart = position
        try skipDigits(from: start)
        if bytes[integerStart] == UInt8(ascii: "0"), position > integerStart + 1 {
            throw error("A number begins with a zero too many", at: integerStart, value: shown(from: start))
        }
        var isInteger = true
        if take(".") {
            isInteger = false
            try skipDigits(from: start)
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            try skipDigits(from: start)
        }
        guard position - start <= Self.numberByteLimit else {
            throw error("A number has more than \(Self.numberByteLimit) bytes", at: start, value: shown(from: start))
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let isMinusZero = isNegative && position == integerStart + 1 && bytes[integerStart] == UInt8(ascii: "0")
        if isInteger, !isMinusZero, let value = Int64(text) { return .integer(value) }
        guard let number = JSONNumber(text: text) else {
            throw error("A number is beyond the range of a double", at: start, value: text)
        }
        return .number(number)
    }

    private mutating func skipDigits(from start: Int) throws(JSONSyntaxError) {
        let first = position
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        if position == first {
            throw error("A number lacks a digit", at: position, value: shown(from: start))
        }
    }

    private func shown(from start: Int) -> String {
        String(decoding: bytes[start..<min(position, start + 64)], as: UTF8.self)
    }
}
