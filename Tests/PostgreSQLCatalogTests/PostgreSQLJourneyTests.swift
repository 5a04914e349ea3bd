import PostgreSQLCatalog
import TestSupport
import Testing

@Suite("The rules on PostgreSQL", .needsPostgreSQL)
struct PostgreSQLJourneyTests {
    @Test("A long chain of jobs fails with its head, within the server's table of locks", .timeLimit(.minutes(10)))
    func longChain() async throws {
        try await withTemporarySchema { url in
            try await CatalogJourneys.longChain(1_500) { try PostgreSQLCatalogDatabase(url: url) }
        }
    }

    @Test("Workers never get the same job, every import ends once, its events in order", .timeLimit(.minutes(10)))
    func manyWorkers() async throws {
        try await withTemporarySchema { url in
            try await CatalogJourneys.manyWorkers(120, workers: 4) { try PostgreSQLCatalogDatabase(url: url) }
        }
    }

    @Test("Limits hold among workers that claim at the same time", .timeLimit(.minutes(10)))
    func strictLimits() async throws {
        try await withTemporarySchema { url in
            try await CatalogJourneys.strictLimits(workers: 6, rounds: 15) { try PostgreSQLCatalogDatabase(url: url) }
        }
    }

    @Test("A job that is accepted while its predecessor ends is not forgotten", .timeLimit(.minutes(10)))
    func successors() async throws {
        try await withTemporarySchema { url in
            try await CatalogJourneys.successors(40) { try PostgreSQLCatalogDatabase(url: url) }
        }
    }

    @Test("A quota holds among workers that take messages in at the same time", .timeLimit(.minutes(10)))
    func strictQuota() async throws {
        try await withTemporarySchema { url in
            try await CatalogJourneys.strictQuota(workers: 4, images: 7) { try PostgreSQLCatalogDatabase(url: url) }
        }
    }

    @Test("The same chained messages, taken in by several at once, become each one job", .timeLimit(.minutes(10)))
    func crossingIntakes() async throws {
        try await withTemporarySchema { url in
            try await CatalogJourneys.crossingIntakes(batches: 4, size: 20) { try PostgreSQLCatalogDatabase(url: url) }
        }
    }
}
