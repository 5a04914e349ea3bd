import Foundation

/// How databases of SQL keep what has no columns of its own: as JSON text, and words as the raw values of their types.
public enum RowCoding {
    /// A value as the text of a column.
    public static func text(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A value from the text of a column.
    public static func value<Value: Decodable>(_ type: Value.Type = Value.self, from text: String) throws -> Value {
        try decoder.decode(type, from: Data(text.utf8))
    }

    /// A value of a column whose words are the raw values of an enumeration or identifier.
    ///
    /// - Throws: ``CatalogError`` with `corrupt` for any other word.
    public static func word<Value>(_ text: String, _ make: (String) -> Value?) throws -> Value {
        guard let value = make(text) else {
            throw CatalogError(.corrupt, "\"\(text)\" is no \(Value.self)")
        }
        return value
    }

    private static let decoder = JSONDecoder()
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }()
}
