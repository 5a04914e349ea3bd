import Hummingbird
import HummingbirdCore
import ImageModel

/// The parameters of a question, each known by name: one that is not understood is refused, never passed over.
struct AdminQuery {
    private let values: [String: [String]]

    /// - Parameter names: The parameters that the question may have.
    init(_ request: Request, allowing names: [String]) throws(AdminRefusal) {
        var values: [String: [String]] = [:]
        for (name, value) in request.uri.queryParameters {
            guard names.contains(String(name)) else {
                let known = names.isEmpty ? "none" : names.joined(separator: ", ")
                throw AdminRefusal(.badRequest, "there is no parameter \"\(name)\" here; there is \(known)")
            }
            values[String(name), default: []].append(String(value))
        }
        self.values = values
    }

    /// The one value of a parameter; nil when it is absent.
    func text(_ name: String) throws(AdminRefusal) -> String? {
        guard let given = values[name] else { return nil }
        guard given.count == 1 else { throw AdminRefusal(.badRequest, "\(name) is given \(given.count) times") }
        return given.first
    }

    /// The one identifier of a parameter; nil when it is absent.
    func identifier<Kind>(_ name: String) throws(AdminRefusal) -> Identifier<Kind>? {
        guard let text = try text(name) else { return nil }
        guard let id = Identifier<Kind>(text) else {
            throw AdminRefusal(.badRequest, "\(name)=\(text) is not a valid \(Kind.noun)")
        }
        return id
    }

    /// The words given for a parameter, which may be repeated; nil when there is none.
    func words<Word>(_ name: String, of type: Word.Type) throws(AdminRefusal) -> Set<Word>?
    where Word: CaseIterable & RawRepresentable & Hashable, Word.RawValue == String {
        guard let given = values[name] else { return nil }
        var words: Set<Word> = []
        for text in given {
            guard let word = Word(rawValue: text) else {
                let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
                throw AdminRefusal(.badRequest, "\(name)=\(text) is none of \(known)")
            }
            words.insert(word)
        }
        return words
    }

    /// How many rows a list may have: 1 to 1,000, by default 100.
    func limit() throws(AdminRefusal) -> Int {
        guard let text = try text("limit") else { return 100 }
        guard let limit = Int(text), (1...1_000).contains(limit) else {
            throw AdminRefusal(.badRequest, "limit=\(text) is no number from 1 to 1000")
        }
        return limit
    }
}
