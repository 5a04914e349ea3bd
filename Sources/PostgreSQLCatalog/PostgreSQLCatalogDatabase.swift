public import Catalog
import Foundation
import ImageModel

/// A catalog in a PostgreSQL database, for any number of workers on any number of hosts.
///
/// It lives in the schema that a connection finds first (`search_path`, by default `public`). How transactions keep
/// apart stands in <doc:LocksBeforeReads>, what happens when connections are lost in
/// <doc:AmbiguousCommits>.
public final class PostgreSQLCatalogDatabase: CatalogDatabase {
    private let lanes: LanePool
    private let address: ConnectionAddress
    private let keys: LockKeys

    /// The most connections that one object has open at once.
    public static let connectionLimit = 4

    /// Connects, brings the schema up to date and checks that it can be used.
    ///
    /// - Parameter url: A connection URI (PostgreSQL manual, 34.1.1.2). TLS, several hosts and all else that libpq
    ///   knows is said in it; a password may also stand in a file that `PGPASSFILE` or `passfile` names. It is never
    ///   part of an error.
    /// - Throws: ``CatalogError`` with `unusable` when the server is too old, lets this user not in or not do what is
    ///   needed, or holds the catalog of a newer program; `unavailable` when it cannot be reached now.
    public convenience init(url: String) throws(CatalogError) {
        try self.init(url) { session in
            let catalog = try Schema.prepare(session)
            // Sessions of programs that were killed leave their last mark behind.
            try session.execute("DELETE FROM commit_marks WHERE at < now() - interval '1 day'")
            return catalog
        }
    }

    /// Connects to a catalog as it is, for those who only look: nothing is made, brought up to date or written.
    ///
    /// - Throws: As ``init(url:)``, and ``CatalogError`` with `notReady` when a worker has yet to make the catalog or to
    ///   bring it up to date.
    public convenience init(existing url: String) throws(CatalogError) {
        try self.init(url, Schema.requireCurrent)
    }

    private init(_ url: String, _ prepare: (Session) throws -> CatalogID) throws(CatalogError) {
        let address = try ConnectionAddress(url)
        let session = Session(address, name: Self.sessionName())
        do {
            try session.open()
            keys = LockKeys(catalog: try prepare(session))
        } catch {
            throw catalogError(error, address)
        }
        session.close()
        self.address = address
        lanes = LanePool(limit: Self.connectionLimit) { Session(address, name: Self.sessionName()) }
    }

    deinit {
        lanes.abandon()
    }

    /// Runs `body` in a transaction of its own, again when it got into another one's way.
    ///
    /// - Throws: ``CatalogError`` with `unavailable` when the server cannot be reached for a few seconds. When it went
    ///   away during the commit and does not come back, nobody can tell whether the transaction was done; the error
    ///   says so.
    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        let keys = keys
        return try await perform { session in
            try TransactionRun(session: session, keys: keys).write(body)
        }
    }

    /// Runs `body` on a snapshot.
    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        let keys = keys
        return try await perform { session in
            try TransactionRun(session: session, keys: keys).read(body)
        }
    }

    /// Listens, on a connection of its own, for commits that others may like to hear of.
    public func hints() -> AsyncStream<CatalogHint> {
        let (stream, continuation) = AsyncStream.makeStream(of: CatalogHint.self, bufferingPolicy: .bufferingNewest(64))
        let listener = Listener(address, channel: keys.channel) { hint in continuation.yield(hint) }
        continuation.onTermination = { _ in listener.stop() }
        if !listener.start() { continuation.finish() }
        return stream
    }

    /// It does, see ``hints()``.
    public var givesHints: Bool { true }

    /// Ends what was begun and closes all connections.
    public func close() async {
        await lanes.close()
    }

    private func perform<Result: Sendable>(
        _ body: @escaping @Sendable (Session) throws -> Result
    ) async throws(CatalogError) -> Result {
        let outcome: Swift.Result<Result, any Error> = await withCheckedContinuation { continuation in
            let isTaken = lanes.submit { session in
                continuation.resume(returning: Swift.Result { try body(session) })
            }
            guard !isTaken else { return }
            continuation.resume(
                returning: .failure(
                    CatalogError(.unavailable, "the catalog is closed, or the system has no thread to spare")))
        }
        do {
            return try outcome.get()
        } catch {
            throw catalogError(error, address)
        }
    }

    private static func sessionName() -> String {
        UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
    }
}

/// The one place where errors of the server, of libpq and of decoding become ``CatalogError``.
private func catalogError(_ error: any Error, _ address: ConnectionAddress) -> CatalogError {
    switch error {
    case let error as CatalogError: error
    case let error as ServerError: error.catalogError(of: address.place)
    case let error as DecodingError:
        CatalogError(.corrupt, "\(address.place): a row cannot be decoded: \(error)")
    default: CatalogError(.unavailable, "\(address.place): \(error)")
    }
}
