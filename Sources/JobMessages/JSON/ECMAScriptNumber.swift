/// `Number::toString` of ECMAScript, which RFC 8785 section 3.2.2.3 prescribes for numbers.
enum ECMAScriptNumber {
    /// The shortest text that reads back as `value`, which must be finite.
    static func text(of value: Double) -> String {
        guard value != 0 else { return "0" }
        let (digits, exponent) = shortestDigits(of: value.magnitude)
        return (value < 0 ? "-" : "") + layOut(digits, exponent: exponent)
    }

    /// The significant digits d₁d₂… and the exponent n for which the value is 0.d₁d₂… × 10ⁿ.
    ///
    /// Swift's own description has the shortest digits that round-trip and, among those, the nearest ones, which is
    /// what ECMAScript asks for; only the layout differs.
    private static func shortestDigits(of magnitude: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var pointPosition: Int?
        var exponent = 0
        let text = Array(magnitude.description.utf8)
        for (index, byte) in text.enumerated() {
            if byte == UInt8(ascii: ".") {
                pointPosition = digits.count
            } else if byte == UInt8(ascii: "e") {
                exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
                break
            } else {
                digits.append(byte)
            }
        }
        var position = (pointPosition ?? digits.count) + exponent
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeros)
        position -= leadingZeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, position)
    }

    private static func layOut(_ digits: [UInt8], exponent: Int) -> String {
        let count = digits.count
        func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
        switch exponent {
        case count...21 where exponent >= count:
            return text(digits) + String(repeating: "0", count: exponent - count)
        case 1...21:
            return text(digits[..<exponent]) + "." + text(digits[exponent...])
        case -5...0:
            return "0." + String(repeating: "0", count: -exponent) + text(digits)
        default:
            let power = exponent - 1
            let mantissa = count == 1 ? text(digits) : text(digits[..<1]) + "." + text(digits[1...])
            return mantissa + "e" + (power < 0 ? "-" : "+") + "\(power.magnitude)"
        }
    }
}
