import Catalog

/// A catalog in which another worker publishes everything while this one asks for the role.
struct OvertakingDatabase: CatalogDatabase {
    private let base: any CatalogDatabase

    init(_ base: any CatalogDatabase) {
        self.base = base
    }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await base.write { rows in
            let result = try body(rows)
            try rows.markPublished(rows.unpublished(limit: 100).map(\.number), unrouted: [])
            return result
        }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await base.read(body)
    }
}
