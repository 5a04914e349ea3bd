import Catalog
import GRDB
import ImageModel

/// The rows of one SQLite transaction.
struct SQLiteRows: CatalogTransaction {
    let database: Database
    let clock: HostClock
    let cache = Cache()

    /// What this transaction has read or written already; nobody else writes while it lasts.
    final class Cache {
        var jobs: [JobID: Job] = [:]
        var images: [ImageID: Image] = [:]
    }

    var now: Timestamp { clock.now }

    func catalogID() throws -> CatalogID {
        guard let text: String = try one("SELECT id FROM catalog", []), let id = CatalogID(text) else {
            throw CatalogError(.corrupt, "the catalog has no id")
        }
        return id
    }

    func nextSequence(of image: ImageID) throws -> Int64 {
        let sql = """
            INSERT INTO sequences (image, last) VALUES (?, 1)
            ON CONFLICT (image) DO UPDATE SET last = last + 1 RETURNING last
            """
        guard let number: Int64 = try one(sql, [image.rawValue]) else {
            throw CatalogError(.corrupt, "image \(image) got no sequence number")
        }
        return number
    }

    func holdRole(_ role: String, worker: WorkerID, for duration: Duration) throws -> Bool {
        let sql = """
            INSERT INTO roles (role, worker, boot, until) VALUES (:role, :worker, :boot, :until)
            ON CONFLICT (role) DO UPDATE SET worker = excluded.worker, boot = excluded.boot, until = excluded.until
            WHERE worker = excluded.worker OR boot <> excluded.boot OR until <= :now
            """
        let now = clock.sinceBoot
        try run(
            sql,
            [
                "role": role, "worker": worker.rawValue, "boot": clock.bootID,
                "until": now + duration.wholeMicroseconds, "now": now,
            ])
        return database.changesCount == 1
    }
}

// MARK: - Statements

extension SQLiteRows {
    /// Runs a statement that returns nothing; it is prepared once per connection.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// All rows of a query.
    func all(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// The first row of a query.
    func first(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
        try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// The first column of the first row of a query.
    func one<Value: DatabaseValueConvertible & StatementColumnConvertible>(
        _ sql: String, _ arguments: StatementArguments
    ) throws -> Value? {
        try Value.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// A value as the text of a column.
    func text(_ value: some Encodable) throws -> String { try RowCoding.text(value) }

    /// A value from the text of a column.
    func value<Value: Decodable>(_ type: Value.Type = Value.self, from text: String) throws -> Value {
        try RowCoding.value(type, from: text)
    }

    /// A value of a column whose words are the raw values of an enumeration or identifier.
    func word<Value>(_ text: String, _ make: (String) -> Value?) throws -> Value { try RowCoding.word(text, make) }
}
