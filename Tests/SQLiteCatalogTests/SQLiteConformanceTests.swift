import Catalog
import SQLiteCatalog
import TestSupport
import Testing

@Suite("The catalog in SQLite")
struct SQLiteConformanceTests {
    @Test("obeys the port", .timeLimit(.minutes(10)), arguments: CatalogConformance.cases)
    func obeysThePort(_ conformance: CatalogConformance) async throws {
        try await withTemporaryCatalog { path in
            try await conformance.run(against: { try SQLiteCatalogDatabase(path: path) })
        }
    }
}
