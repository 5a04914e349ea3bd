public import ImageModel

/// A database that keeps the rows of a catalog: the port that SQLite, PostgreSQL and the simulation implement.
///
/// It stores and finds rows and keeps transactions apart. What may happen to a job or an image is decided in
/// ``ImageCatalog`` alone, so that every database obeys the same rules.
public protocol CatalogDatabase: Sendable {
    /// Runs `body` in a transaction that sees no other writer, and returns once its writes are durable.
    ///
    /// Nothing is written when `body` throws. `body` may run more than once and must have no effect outside the
    /// transaction.
    ///
    /// - Throws: ``CatalogError``: what `body` threw, or what the database said.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result

    /// Runs `body` on one consistent snapshot.
    ///
    /// - Throws: ``CatalogError``: what `body` threw, or what the database said.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result

    /// Tells what other workers may have done that this one would otherwise find out later.
    ///
    /// Hints save waiting and are never the truth: they come late, together, for nothing or not at all, so whoever
    /// waits for something also asks for it now and then. The stream ends when there is nothing to expect.
    func hints() -> AsyncStream<CatalogHint>

    /// Whether ``hints()`` tells anything.
    var givesHints: Bool { get }

    /// Closes the database, so that what was wiped is gone from its files too; nothing can be asked of it afterwards.
    func close() async
}

/// What another worker may have done.
public enum CatalogHint: Sendable, Hashable {
    /// It has made jobs of these kinds ready to begin.
    case jobsReady(Set<JobKind>)
    /// It has asked for the end of a running job.
    case cancelRequested
}

extension CatalogDatabase {
    /// A database that cannot tell ends the stream at once.
    public func hints() -> AsyncStream<CatalogHint> { AsyncStream { $0.finish() } }

    /// As of a database that cannot tell.
    public var givesHints: Bool { false }

    /// A database without files of its own has nothing to close.
    public func close() async {}
}
