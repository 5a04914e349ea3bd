/// A set of named values: message headers, arguments of queues and exchanges, properties of a peer.
public typealias FieldTable = [String: FieldValue]

/// A value of an AMQP 0-9-1 field table, with the type letters RabbitMQ uses.
///
/// Source: RabbitMQ, "AMQP 0-9-1 Errata", section 3, field types.
public indirect enum FieldValue: Sendable, Hashable {
    /// `t`
    case boolean(Bool)
    /// `b`
    case int8(Int8)
    /// `B`
    case uint8(UInt8)
    /// `s`
    case int16(Int16)
    /// `u`
    case uint16(UInt16)
    /// `I`
    case int32(Int32)
    /// `i`
    case uint32(UInt32)
    /// `l`
    case int64(Int64)
    /// `f`
    case float(Float)
    /// `d`
    case double(Double)
    /// `D`: `value` divided by ten to the power of `scale`.
    case decimal(scale: UInt8, value: UInt32)
    /// `S`: a long string that is valid UTF-8.
    case string(String)
    /// `x`, or a long string that is not valid UTF-8.
    case bytes([UInt8])
    /// `T`: seconds since 1970.
    case timestamp(UInt64)
    /// `A`
    case array([FieldValue])
    /// `F`
    case table(FieldTable)
    /// `V`; also stands for what is nested deeper than 32 levels.
    case void

    /// The text of a string value.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The number of any integer value that fits.
    public var integerValue: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .uint8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .int64(let value): value
        case .timestamp(let value): Int64(exactly: value)
        default: nil
        }
    }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    /// A string value.
    public init(stringLiteral value: String) { self = .string(value) }

    /// A boolean value.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }

    /// A 64-bit integer value.
    public init(integerLiteral value: Int64) { self = .int64(value) }
}

extension FieldValue {
    /// The deepest nesting that is decoded or sent. Only a hostile peer goes further, and recursion costs stack.
    static let depthLimit = 32

    /// Bytes of the value on the wire, with its type letter; nil when it is nested too deeply.
    func wireSize(depth: Int = 0) -> Int? {
        guard depth < Self.depthLimit else { return nil }
        switch self {
        case .void: return 1
        case .boolean, .int8, .uint8: return 2
        case .int16, .uint16: return 3
        case .int32, .uint32, .float: return 5
        case .int64, .double, .timestamp: return 9
        case .decimal: return 6
        case .string(let value): return 5 + value.utf8.count
        case .bytes(let value): return 5 + value.count
        case .table(let table): return table.wireSize(depth: depth + 1).map { $0 + 1 }
        case .array(let values):
            var size = 5
            for value in values {
                guard let more = value.wireSize(depth: depth + 1) else { return nil }
                size += more
            }
            return size
        }
    }
}

extension FieldTable {
    /// Bytes of the table on the wire with its length; nil when it cannot be sent.
    func wireSize(depth: Int = 0) -> Int? {
        var size = 4
        for (key, value) in self {
            guard key.utf8.count <= 255, let more = value.wireSize(depth: depth) else { return nil }
            size += 1 + key.utf8.count + more
        }
        return size
    }
}
