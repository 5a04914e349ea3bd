/// A JSON number that is no plain 64-bit integer, with the text it was written as.
public struct JSONNumber: Hashable, Sendable {
    /// The number as written, in the grammar of RFC 8259 section 6.
    public let text: String
    /// The nearest double; always finite.
    public let value: Double

    /// A number from text that keeps the grammar; nil when its value is beyond the range of a double.
    init?(text: String) {
        guard let value = Double(text), value.isFinite else { return nil }
        self.text = text
        self.value = value
    }

    /// A number from a double, in ECMAScript's spelling; nil for NaN and the infinities, which JSON cannot say.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = ECMAScriptNumber.text(of: value)
        self.value = value
    }
}
