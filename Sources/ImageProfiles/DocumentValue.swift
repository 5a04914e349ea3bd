/// A value of a vendor's document: what JSON can say, with members in the order in which the document lists them.
public indirect enum DocumentValue: Hashable, Sendable {
    /// A text.
    case string(String)
    /// A whole number.
    case integer(Int64)
    /// A number with a fraction.
    case number(Double)
    /// A truth value.
    case bool(Bool)
    /// Values in order.
    case array([DocumentValue])
    /// Members in order, each name once.
    case object([Member])

    /// A named value.
    public struct Member: Hashable, Sendable {
        /// The field's name as the document spells it.
        public let name: String
        /// Its value.
        public let value: DocumentValue

        /// A member from its parts.
        public init(_ name: String, _ value: DocumentValue) {
            self.name = name
            self.value = value
        }
    }

    /// The member of this name, when this is an object that has it.
    public subscript(name: String) -> DocumentValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text, when this is one.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A word of Longshore's own, where the vendor's document has none: never mistaken for one of the vendor's.
    public static func ours(_ word: String) -> Self { .string("longshore:\(word)") }
}

extension DocumentValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A text.
    public init(stringLiteral text: String) { self = .string(text) }

    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// Values in this order.
    public init(arrayLiteral values: DocumentValue...) { self = .array(values) }

    /// Members in this order.
    public init(dictionaryLiteral members: (String, DocumentValue)...) {
        self = .object(members.map { Member($0, $1) })
    }
}

/// Collects the members of a document, leaving out what is absent.
struct DocumentBuilder {
    private(set) var members: [DocumentValue.Member] = []

    var document: DocumentValue { .object(members) }

    mutating func add(_ name: String, _ value: DocumentValue?) {
        if let value { members.append(DocumentValue.Member(name, value)) }
    }

    mutating func add(_ name: String, _ text: String?) {
        add(name, text.map(DocumentValue.string))
    }

    mutating func add(_ name: String, _ number: Int64?) {
        add(name, number.map(DocumentValue.integer))
    }
}
