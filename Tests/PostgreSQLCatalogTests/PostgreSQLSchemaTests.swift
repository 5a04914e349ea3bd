import Catalog
import ImageModel
import TestSupport
import Testing

@testable import PostgreSQLCatalog

@Suite("The schema in PostgreSQL", .needsPostgreSQL)
struct PostgreSQLSchemaTests {
    @Test("is made once, however many open it at the same moment", .timeLimit(.minutes(10)))
    func concurrentMigrations() async throws {
        try await withTemporarySchema { url in
            let ids = try await withThrowingTaskGroup(of: CatalogID.self) { group in
                for _ in 0..<8 {
                    group.addTask { @concurrent in
                        try await PostgreSQLCatalogDatabase(url: url).read { try $0.catalogID() }
                    }
                }
                return try await group.reduce(into: Set<CatalogID>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
        }
    }

    @Test("is brought up to date while an older worker goes on")
    func olderWorker() async throws {
        try await withTemporarySchema { url in
            let older = try PostgreSQLCatalogDatabase(url: url)
            try administer("DROP VIEW longshore_load, longshore_unsent; UPDATE catalog SET version = 1", url)
            try administer("DROP INDEX images_by_status, jobs_of_target", url)
            try await older.write { try $0.insert(CatalogSamples.image()) }
            _ = try PostgreSQLCatalogDatabase(url: url)
            // What a later version may add without asking.
            try administer("ALTER TABLE images ADD COLUMN later TEXT; ALTER TABLE jobs ADD COLUMN later TEXT", url)
            try await expectImage(in: older)
            #expect(try administer("SELECT 1 FROM longshore_load", url).rows.isEmpty)
            #expect(try administer("SELECT 1 FROM longshore_unsent", url).rows.count == 1)
        }
    }

    private func expectImage(in database: PostgreSQLCatalogDatabase) async throws {
        let image = try await database.read { try $0.image(CatalogSamples.id("image-1")) }
        #expect(image == CatalogSamples.image())
    }

    @Test("is refused when it needs a newer program, and taken when it is merely newer")
    func newerSchema() async throws {
        try await withTemporarySchema { url in
            _ = try PostgreSQLCatalogDatabase(url: url)
            try administer("UPDATE catalog SET version = 99", url)
            _ = try PostgreSQLCatalogDatabase(url: url)
            try administer("UPDATE catalog SET min_reader = 98", url)
            let error = #expect(throws: CatalogError(.unusable, "")) { _ = try PostgreSQLCatalogDatabase(url: url) }
            #expect(error?.message.contains("98") == true)
        }
    }

    @Test("is left as it is by those who only look, and who are told what a worker has yet to do")
    func looking() async throws {
        try await withTemporarySchema { url in
            let none = #expect(throws: CatalogError(.notReady, "")) {
                _ = try PostgreSQLCatalogDatabase(existing: url)
            }
            #expect(none?.message.contains("there is no catalog yet") == true)
            let id = try await PostgreSQLCatalogDatabase(url: url).read { try $0.catalogID() }
            #expect(try await PostgreSQLCatalogDatabase(existing: url).read { try $0.catalogID() } == id)
            try administer("DROP TABLE stores; UPDATE catalog SET version = 4", url)
            let old = #expect(throws: CatalogError(.notReady, "")) {
                _ = try PostgreSQLCatalogDatabase(existing: url)
            }
            #expect(old?.message.contains("schema 4, this version needs") == true)
            let row = try #require(try administer("SELECT version FROM catalog", url).rows.first)
            #expect(try row.integer("version") == 4)
            #expect(try await PostgreSQLCatalogDatabase(url: url).read { try $0.catalogID() } == id)
        }
    }

    @Test("leaves a job that needs a newer program to one")
    func laterJob() async throws {
        try await withTemporarySchema { url in
            let database = try PostgreSQLCatalogDatabase(url: url)
            let catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
            let request = JobRequest(id: CatalogSamples.id("job-1"), work: CatalogSamples.works[1])
            _ = try await catalog.accept([
                .submission(
                    JobSubmission(request: request, canonicalForm: "{}"),
                    original: DeadLetter(body: [], routingKey: "import"))
            ])
            for (version, count) in [(Job.newestVersion + 1, 0), (Job.newestVersion, 1)] {
                try administer("UPDATE jobs SET version = \(version)", url)
                let claimed = try await catalog.claim(
                    for: CatalogSamples.id("w"), slots: [.import: 4], lease: .seconds(60)
                ).jobs
                #expect(claimed.count == count)
            }
        }
    }

    @Test("is refused by name when it holds another program's tables")
    func otherTables() async throws {
        try await withTemporarySchema { url in
            try administer("CREATE TABLE images (id TEXT)", url)
            let error = #expect(throws: CatalogError(.unusable, "")) { _ = try PostgreSQLCatalogDatabase(url: url) }
            #expect(error?.message.contains("another program") == true)
        }
    }

    @Test("tells an autoscaler what waits and what runs")
    func load() async throws {
        try await withTemporarySchema { url in
            let catalog = ImageCatalog(
                database: try PostgreSQLCatalogDatabase(url: url), random: SeededRandomSource(seed: 1))
            _ = try await catalog.accept((1...3).map { CatalogJourneys.message("j-\($0)", image: "i-\($0)") })
            _ = try await catalog.claim(for: CatalogSamples.id("w"), slots: [.import: 2], lease: .seconds(60))
            let row = try #require(try administer("SELECT * FROM longshore_load", url).rows.first)
            #expect(try row.text("kind") == "import")
            #expect(try row.integer("waiting") == 1)
            #expect(try row.integer("running") == 2)
            // One accepted event for each job, one that tells of the start for each claim.
            let unsent = try #require(try administer("SELECT entries FROM longshore_unsent", url).rows.first)
            #expect(try unsent.integer("entries") == 5)
        }
    }

    @Test("tells an autoscaler of a retry whose time came while no worker was there to notice")
    func loadWithoutWorkers() async throws {
        try await withTemporarySchema { url in
            let catalog = ImageCatalog(
                database: try PostgreSQLCatalogDatabase(url: url), random: SeededRandomSource(seed: 1))
            _ = try await catalog.accept((1...3).map { CatalogJourneys.message("j-\($0)", image: "i-\($0)") })
            let minute = 60_000_000
            let now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
            try administer(
                """
                UPDATE jobs SET state = 'retrying', ripe = false, run_at = \(now) - \(minute) WHERE id = 'j-1';
                UPDATE jobs SET state = 'retrying', ripe = false, run_at = \(now) + \(minute) WHERE id = 'j-2'
                """, url)
            let row = try #require(try administer("SELECT * FROM longshore_load", url).rows.first)
            #expect(try row.integer("ready") == 2)
            #expect(try row.integer("waiting") == 3)
        }
    }

    @Test("takes what a rejected message called its id, whatever that is")
    func strangeID() async throws {
        try await withTemporarySchema { url in
            let database = try PostgreSQLCatalogDatabase(url: url)
            var event = CatalogSamples.event("e-1")
            event.jobID = "a\0b\"'\\"
            let entry = OutboxEntry(event: event)
            try await database.write { try $0.append(entry) }
            let stored = try await database.read { try $0.unpublished(limit: 9).first?.event }
            #expect(stored == event)
        }
    }
}
