import Catalog
import PostgreSQLCatalog
import TestSupport
import Testing

@Suite("The catalog in PostgreSQL", .needsPostgreSQL)
struct PostgreSQLConformanceTests {
    @Test("obeys the port", .timeLimit(.minutes(10)), arguments: CatalogConformance.cases)
    func obeysThePort(_ conformance: CatalogConformance) async throws {
        try await withTemporarySchema { url in
            try await conformance.run(against: { try PostgreSQLCatalogDatabase(url: url) })
        }
    }
}
