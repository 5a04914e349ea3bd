extension JSONScanner {
    /// Reads a string whose opening quote stands at the position.
    mutating func string() throws(JSONSyntaxError) -> String {
        let start = position + 1
        var isASCII = true
        let end = endOfPlainRun(from: start, isASCII: &isASCII)
        guard end < bytes.count else { throw error("A string does not end", at: bytes.count) }
        if bytes[end] == UInt8(ascii: "\"") {
            position = end + 1
            // What is ASCII needs no validation, which `decoding` skips faster than `validating`.
            if isASCII { return String(decoding: bytes[start..<end], as: UTF8.self) }
            return try text(of: bytes[start..<end], in: start..<end)
        }
        return try escapedString(from: start, firstStop: end)
    }

    /// The next quote, backslash or control character, or the end of the document.
    private func endOfPlainRun(from start: Int, isASCII: inout Bool) -> Int {
        var index = start
        var seen: UInt8 = 0
        defer { isASCII = seen < 0x80 }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return index }
            seen |= byte
            index += 1
        }
        return index
    }

    private mutating func escapedString(from start: Int, firstStop: Int) throws(JSONSyntaxError) -> String {
        var unescaped: [UInt8] = []
        var runStart = start
        var stop = firstStop
        var isRunASCII = true
        while stop < bytes.count {
            unescaped.append(contentsOf: bytes[runStart..<stop])
            position = stop
            switch bytes[stop] {
            case UInt8(ascii: "\""):
                position = stop + 1
                return try text(of: unescaped[...], in: start..<stop)
            case UInt8(ascii: "\\"):
                try appendEscape(to: &unescaped)
            case 0:
                throw error("A string contains NUL", at: stop)
            default:
                throw error("A string contains a control character that is not escaped", at: stop)
            }
            runStart = position
            stop = endOfPlainRun(from: runStart, isASCII: &isRunASCII)
        }
        throw error("A string does not end", at: bytes.count)
    }

    private mutating func appendEscape(to unescaped: inout [UInt8]) throws(JSONSyntaxError) {
        let start = position
        position += 1
        guard let letter = peek() else { throw error("A string does not end", at: bytes.count) }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(letter)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): unescaped.append(contentsOf: Array(String(try unicodeEscape(from: start)).utf8))
        default: throw error("A string contains an escape that JSON does not know", at: start)
        }
    }

    /// The scalar of a Unicode escape, or of the two that make a surrogate pair; the position stands behind the first `u`.
    private mutating func unicodeEscape(from start: Int) throws(JSONSyntaxError) -> Unicode.Scalar {
        let unit = try fourHexDigits(from: start)
        if unit == 0 { throw error("A string contains NUL", at: start, value: "\\u0000") }
        if let scalar = Unicode.Scalar(unit) { return scalar }
        if unit < 0xDC00, take("\\"), take("u") {
            let low = try fourHexDigits(from: start)
            if (0xDC00...0xDFFF).contains(low),
                let scalar = Unicode.Scalar(0x1_0000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
            {
                return scalar
            }
        }
        throw error("A string contains a lone surrogate", at: start, value: "\\u" + String(unit, radix: 16))
    }

    private mutating func fourHexDigits(from start: Int) throws(JSONSyntaxError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Self.hexValue(byte) else {
                throw error("\\u is not followed by four hexadecimal digits", at: start)
            }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    private static func hexValue(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// `run` as text; when it is not UTF-8, the error points at the first wrong byte of `source`.
    private func text(of run: ArraySlice<UInt8>, in source: Range<Int>) throws(JSONSyntaxError) -> String {
        if let text = String(validating: run, as: UTF8.self) { return text }
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes[source].makeIterator()
        var offset = source.lowerBound
        while case .valid(let scalar) = parser.parseScalar(from: &rest) { offset += scalar.count }
        throw error("A string is not valid UTF-8", at: min(offset, source.upperBound))
    }
}
