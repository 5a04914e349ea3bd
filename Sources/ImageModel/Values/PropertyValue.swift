/// The value of an image property: a JSON string, number or boolean.
public enum PropertyValue: Hashable, Sendable {
    /// A string of at most 4 KiB.
    case string(String)
    /// A whole number.
    case integer(Int64)
    /// A number with a fraction or beyond 63 bits; always finite.
    case number(Double)
    /// A boolean.
    case bool(Bool)
}

extension PropertyValue: Codable {
    /// Decodes whichever of the four kinds stands there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Encodes the bare value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        }
    }
}
