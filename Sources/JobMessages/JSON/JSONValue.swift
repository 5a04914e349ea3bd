/// A JSON value (RFC 8259) as it was written: members keep their order, numbers their exact meaning.
///
/// Two values are equal when they have the same members in the same order and the same numbers in the same spelling;
/// for equality of meaning compare ``CanonicalJSON`` forms.
public enum JSONValue: Hashable, Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number written without fraction and exponent that fits in 64 bits.
    case integer(Int64)
    /// Any other number.
    case number(JSONNumber)
    /// A string without NUL.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members in order.
    case object(JSONObject)
}

extension JSONValue {
    /// The text, when this is a string.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The truth value, when this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number, when this is one; `1.0` and `1e3` count, as JSON Schema 2020-12 counts them.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let number): Int64(exactly: number.value)
        default: nil
        }
    }

    /// The members, when this is an object.
    public var object: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The elements, when this is an array.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The member of this name, when this is an object that has it.
    public subscript(name: String) -> JSONValue? { object?[name] }

    /// What kind of value this is, as a noun with its article for error sentences.
    var noun: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue {
    /// The string, or `null` for nil.
    public static func optional(_ text: String?) -> Self { text.map(JSONValue.string) ?? .null }

    /// The number, or `null` for nil.
    public static func optional(_ number: Int64?) -> Self { number.map(JSONValue.integer) ?? .null }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral text: String) { self = .string(text) }

    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object with its members in this order.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(JSONObject(members.map { JSONObject.Member(name: $0, value: $1) }))
    }
}
