/// The JSON Canonicalization Scheme of RFC 8785: equal meaning, equal bytes.
public enum CanonicalJSON {
    /// The canonical text of `value`.
    ///
    /// Integers beyond ±2⁵³ are rounded to doubles, as the scheme demands.
    public static func text(of value: JSONValue) -> String {
        JSONWriter.text(of: canonical(value))
    }

    private static func canonical(_ value: JSONValue) -> JSONValue {
        switch value {
        case .integer(let number): spelled(Double(number))
        case .number(let number): spelled(number.value)
        case .array(let elements): .array(elements.map(canonical))
        case .object(let object):
            .object(
                JSONObject(
                    object.members
                        .map { JSONObject.Member(name: $0.name, value: canonical($0.value)) }
                        .sorted { precedes($0.name, $1.name) }))
        case .null, .bool, .string: value
        }
    }

    /// The order of UTF-16 code units, which for ASCII is the order of bytes.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        if left.utf8.allSatisfy({ $0 < 0x80 }), right.utf8.allSatisfy({ $0 < 0x80 }) {
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        return left.utf16.lexicographicallyPrecedes(right.utf16)
    }

    private static func spelled(_ number: Double) -> JSONValue {
        JSONNumber(number).map(JSONValue.number) ?? .null
    }
}
