import SQLiteCatalog
import TestSupport
import Testing

@Suite("The rules on SQLite")
struct SQLiteJourneyTests {
    @Test("A long chain of jobs fails with its head, without a stack to overflow", .timeLimit(.minutes(10)))
    func longChain() async throws {
        try await withTemporaryCatalog { path in
            try await CatalogJourneys.longChain(2_000) { try SQLiteCatalogDatabase(path: path) }
        }
    }

    @Test("Workers with a pool each never get the same job, and every import ends once", .timeLimit(.minutes(10)))
    func manyWorkers() async throws {
        try await withTemporaryCatalog { path in
            try await CatalogJourneys.manyWorkers(120, workers: 4) { try SQLiteCatalogDatabase(path: path) }
        }
    }

    @Test("Limits hold among workers that claim at the same time", .timeLimit(.minutes(10)))
    func strictLimits() async throws {
        try await withTemporaryCatalog { path in
            try await CatalogJourneys.strictLimits(workers: 4, rounds: 15) { try SQLiteCatalogDatabase(path: path) }
        }
    }

    @Test("A job that is accepted while its predecessor ends is not forgotten", .timeLimit(.minutes(10)))
    func successors() async throws {
        try await withTemporaryCatalog { path in
            try await CatalogJourneys.successors(25) { try SQLiteCatalogDatabase(path: path) }
        }
    }

    @Test("A quota holds among workers that take messages in at the same time", .timeLimit(.minutes(10)))
    func strictQuota() async throws {
        try await withTemporaryCatalog { path in
            try await CatalogJourneys.strictQuota(workers: 4, images: 7) { try SQLiteCatalogDatabase(path: path) }
        }
    }

    @Test("The same chained messages, taken in by several at once, become each one job", .timeLimit(.minutes(10)))
    func crossingIntakes() async throws {
        try await withTemporaryCatalog { path in
            try await CatalogJourneys.crossingIntakes(batches: 4, size: 20) { try SQLiteCatalogDatabase(path: path) }
        }
    }
}
