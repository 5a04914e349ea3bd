/// A value of a statement's `$n`, in the text form of its type.
enum Parameter: Sendable {
    case null
    case text(String)
    case integer(Int64)
    case flag(Bool)
    case texts([String])
    case integers([Int64])

    /// What libpq sends; nil is NULL.
    var wireText: String? {
        switch self {
        case .null: nil
        case .text(let text): Self.withoutNUL(text)
        case .integer(let number): String(number)
        case .flag(let isSet): isSet ? "t" : "f"
        case .texts(let texts): "{\(texts.map(Self.quoted).joined(separator: ","))}"
        case .integers(let numbers): "{\(numbers.map(String.init).joined(separator: ","))}"
        }
    }

    /// An element of an array (PostgreSQL manual, 8.15.6): in quotes, with quotes and backslashes escaped.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in withoutNUL(text).unicodeScalars {
            if character == "\"" || character == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }

    /// PostgreSQL's text holds no NUL, and a C string would end there. Only what a rejected message called its id may
    /// have one; in the event itself it is escaped.
    private static func withoutNUL(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
    }
}

extension Parameter: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral {
    init(stringLiteral text: String) { self = .text(text) }
    init(integerLiteral number: Int64) { self = .integer(number) }
    init(nilLiteral: ()) { self = .null }

    init(_ text: String?) { self = text.map(Parameter.text) ?? .null }
    init(_ number: Int64?) { self = number.map(Parameter.integer) ?? .null }
    init(_ number: Int) { self = .integer(Int64(number)) }
    init(_ isSet: Bool) { self = .flag(isSet) }
}
