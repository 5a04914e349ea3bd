import CPostgreSQL
import Catalog

/// What the server answered to one statement; freed with its last row.
final class Answer {
    private let result: OpaquePointer

    /// Takes over a result that is no error.
    init(_ result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    /// The rows.
    var rows: [AnswerRow] { (0..<PQntuples(result)).map { AnswerRow(answer: self, index: $0) } }

    /// How many rows the statement has written or returned.
    var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The command that was done, such as `COMMIT`; of a `COMMIT` that could not be done it is `ROLLBACK`.
    var command: String { String(cString: PQcmdStatus(result)) }

    fileprivate func text(_ row: Int32, _ column: String) throws -> String? {
        let number = PQfnumber(result, column)
        guard number >= 0 else { throw CatalogError(.corrupt, "the answer has no column \(column)") }
        guard PQgetisnull(result, row, number) == 0, let bytes = PQgetvalue(result, row, number) else { return nil }
        return String(cString: bytes)
    }
}

/// A row of an ``Answer``.
struct AnswerRow {
    fileprivate let answer: Answer
    fileprivate let index: Int32

    /// The text of a column; nil for NULL.
    func textIfAny(_ column: String) throws -> String? { try answer.text(index, column) }

    /// The text of a column that is never NULL.
    func text(_ column: String) throws -> String {
        guard let text = try textIfAny(column) else { throw CatalogError(.corrupt, "column \(column) is NULL") }
        return text
    }

    /// The number in a column; nil for NULL.
    func integerIfAny(_ column: String) throws -> Int64? {
        guard let text = try textIfAny(column) else { return nil }
        guard let number = Int64(text) else { throw CatalogError(.corrupt, "column \(column) is no integer: \(text)") }
        return number
    }

    /// The number in a column that is never NULL.
    func integer(_ column: String) throws -> Int64 {
        guard let number = try integerIfAny(column) else { throw CatalogError(.corrupt, "column \(column) is NULL") }
        return number
    }

    /// A boolean column that is never NULL.
    func flag(_ column: String) throws -> Bool { try text(column) == "t" }
}
