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
            .object(JSONObject(sorted(object.members.map { .init(name: $0.name, value: canonical($0.value)) })))
        case .null, .bool, .string: value
        }
    }

    /// In the order of the names' UTF-16 code units, which for ASCII is the order of strings.
    private static func sorted(_ members: [JSONObject.Member]) -> [JSONObject.Member] {
        if members.allSatisfy({ member in member.name.utf8.allSatisfy { $0 < 0x80 } }) {
            return members.sorted { $0.name < $1.name }
        }
        return members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
    }

    private static func spelled(_ number: Double) -> JSONValue {
        JSONNumber(number).map(JSONValue.number) ?? .null
    }
}
