public import Catalog
import Foundation
import GRDB

/// A catalog in one SQLite file, for the workers of one host.
///
/// WAL with `synchronous=FULL`: a transaction that returned survives a power cut as far as the disk keeps its word.
/// Any number of worker processes on the same host may open the same file; writers wait for each other.
public final class SQLiteCatalogDatabase: CatalogDatabase {
    private let pool: DatabasePool
    private let writes: WriteQueue
    private let clock: HostClock
    private let steps = ClockSteps()

    /// Opens the catalog, makes the file and its directory when they are missing, and brings the schema up to date.
    ///
    /// - Throws: ``CatalogError`` with `unusable` on a network file system, for a schema that is newer than this
    ///   program can read, and for a file that is no database; `unavailable` when it cannot be opened now.
    public convenience init(path: String) throws(CatalogError) {
        try self.init(path) {
            let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try LocalFileSystem.require(directory)
            // A pool turns WAL on as it opens a file, which would change one of another program.
            if FileManager.default.fileExists(atPath: path) { try Schema.requireOwn(path, Self.configuration) }
            let pool = try DatabasePool(path: path, configuration: Self.configuration)
            // Set here and not while a connection is prepared: the pool sets NORMAL once it has turned WAL on.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
            }
            try Schema.migrate(pool)
            return pool
        }
    }

    /// Opens a catalog as it is, for those who only look: nothing is made, brought up to date or written.
    ///
    /// - Throws: As ``init(path:)``, and ``CatalogError`` with `notReady` when a worker has yet to make the catalog or to
    ///   bring it up to date.
    public convenience init(existing path: String) throws(CatalogError) {
        try self.init(path) {
            // First, because no worker could make the catalog there.
            try LocalFileSystem.require(URL(fileURLWithPath: path).deletingLastPathComponent().path)
            guard FileManager.default.fileExists(atPath: path) else {
                throw CatalogError(schema: 0, needed: Schema.steps.count)
            }
            var configuration = Self.configuration
            configuration.readonly = true
            let pool = try DatabasePool(path: path, configuration: configuration)
            try Schema.requireCurrent(pool)
            return pool
        }
    }

    private init(_ path: String, _ open: () throws -> DatabasePool) throws(CatalogError) {
        do {
            clock = try HostClock()
            pool = try open()
            writes = WriteQueue(pool: pool)
        } catch let error as CatalogError {
            throw CatalogError(error.code, "\(path): \(error.message)")
        } catch {
            throw catalogError(error, path: path)
        }
    }

    /// Runs `body` in an immediate transaction, which it may share with writers that come at the same time.
    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        // GRDB's async methods give up when the task is cancelled; the end of a cancelled job must still be written.
        let (clock, steps) = (clock, steps)
        let outcome: Swift.Result<Result, any Error> = await withCheckedContinuation { continuation in
            writes.enqueue(
                WriteQueue.Write(
                    run: { database in
                        let rows = SQLiteRows(database: database, clock: clock)
                        try steps.follow(rows)
                        let value = try body(rows)
                        return { continuation.resume(returning: .success(value)) }
                    },
                    fail: { error in continuation.resume(returning: .failure(error)) }))
        }
        return try value(of: outcome)
    }

    /// Runs `body` on a snapshot.
    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        let clock = clock
        let outcome: Swift.Result<Result, any Error> = await withCheckedContinuation { continuation in
            pool.asyncRead { database in
                continuation.resume(
                    returning: Swift.Result { try body(SQLiteRows(database: database.get(), clock: clock)) })
            }
        }
        return try value(of: outcome)
    }

    /// Empties the log and closes the file: the log holds pages as they were before secrets were wiped.
    ///
    /// While another process reads, the log is left to it.
    public func close() async {
        await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { database in
                // Another process may hold the log; then the last one to close empties it.
                _ = try? database.checkpoint(.truncate)
                continuation.resume()
            }
        }
        try? pool.close()
    }

    private func value<Result>(of outcome: Swift.Result<Result, any Error>) throws(CatalogError) -> Result {
        do {
            return try outcome.get()
        } catch {
            throw catalogError(error, path: pool.path)
        }
    }

    private static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.label = "catalog"
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = true
        return configuration
    }
}

/// The one place where errors of SQLite, GRDB and the file system become ``CatalogError``.
private func catalogError(_ error: any Error, path: String) -> CatalogError {
    switch error {
    case let error as CatalogError:
        return error
    case let error as DatabaseError:
        let reason = error.message ?? "error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_MISMATCH:
            return CatalogError(.unusable, "\(path) is not a usable SQLite database: \(reason)")
        case .SQLITE_CONSTRAINT, .SQLITE_ERROR, .SQLITE_MISUSE:
            return CatalogError(.corrupt, "\(path): \(reason)")
        default:
            return CatalogError(.unavailable, "\(path): \(reason)")
        }
    case let error as DecodingError:
        return CatalogError(.corrupt, "\(path): a row cannot be decoded: \(error)")
    default:
        return CatalogError(.unavailable, "\(path): \(error.localizedDescription)")
    }
}
