public import Catalog
public import ImageModel
import Synchronization

/// A catalog that lives in memory, for tests of the rules and for the simulation.
///
/// It is deterministic: no answer depends on the order of a dictionary, and the clock is the caller's. It keeps the
/// state that was last made durable, so that a test can pull the plug.
public final class InMemoryCatalogDatabase: CatalogDatabase {
    /// When a transaction survives ``crash()``.
    public enum Durability: Sendable {
        /// As soon as it has returned, as the port demands.
        case immediate
        /// Only after ``sync()``: a disk that does not keep its word.
        case untilSync
    }

    private let now: @Sendable () -> Timestamp
    private let durability: Durability
    private let tables: Mutex<(current: InMemoryTables, durable: InMemoryTables)>

    /// An empty catalog whose clock is `now`.
    public init(
        id: CatalogID, durability: Durability = .immediate, now: @escaping @Sendable () -> Timestamp
    ) {
        self.now = now
        self.durability = durability
        let empty = InMemoryTables(catalogID: id)
        tables = Mutex((empty, empty))
    }

    /// Runs `body` alone; what it wrote is forgotten when it throws.
    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        let now = now()
        let isDurable = durability == .immediate
        return try await settle { [self] in
            try tables.withLock { tables in
                let rows = InMemoryRows(tables: tables.current, now: now)
                let result = try body(rows)
                tables.current = rows.tables
                if isDurable { tables.durable = rows.tables }
                return result
            }
        }
    }

    /// Runs `body` on the state of this moment.
    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        let rows = InMemoryRows(tables: tables.withLock { $0.current }, now: now())
        return try await settle { try body(rows) }
    }

    /// Makes every transaction so far survive a crash.
    public func sync() {
        tables.withLock { $0.durable = $0.current }
    }

    /// Forgets every transaction that was not made durable, as if the power had failed.
    public func crash() {
        tables.withLock { $0.current = $0.durable }
    }

    private func settle<Result>(_ body: () throws -> Result) async throws(CatalogError) -> Result {
        do {
            return try body()
        } catch let error as CatalogError {
            throw error
        } catch {
            throw CatalogError(.unavailable, "\(error)")
        }
    }
}
