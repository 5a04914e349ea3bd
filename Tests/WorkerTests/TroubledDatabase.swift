import Catalog
import Synchronization

/// A catalog whose next writes fail as a script says; nil lets one pass, and so does the end of the script.
final class TroubledDatabase: CatalogDatabase {
    private let base: any CatalogDatabase
    private let script: Mutex<[CatalogError.Code?]>

    init(_ base: any CatalogDatabase, _ script: [CatalogError.Code?]) {
        self.base = base
        self.script = Mutex(script.reversed())
    }

    /// Whether all troubles are over.
    var isAtEnd: Bool { script.withLock(\.isEmpty) }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        if let code = script.withLock({ $0.popLast() ?? nil }) { throw CatalogError(code, "trouble") }
        return try await base.write(body)
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await base.read(body)
    }
}
