import Catalog
import Foundation
import GRDB
import ImageModel
import TestSupport
import Testing

@testable import SQLiteCatalog

@Suite("Turns in SQLite")
struct SQLiteTurnTests {
    private static func job(_ number: Int, state: JobState) -> Job {
        let work = JobWork.import(
            ImportRequest(
                image: ImageSpecification(
                    id: CatalogSamples.id("i-\(number)"), name: "n",
                    owner: number % 3 == 0 ? nil : CatalogSamples.id("o-\(number % 3)")),
                source: SourceLocation(url: "https://h-\(number % 2)/x")))
        var job = Job(
            request: JobRequest(id: CatalogSamples.id("j-\(number)"), work: work), imageID: work.imageID,
            acceptedAt: CatalogSamples.moment)
        job.state = state
        return job
    }

    @Test("An older catalog learns whose turn it is from the jobs that it holds")
    func olderCatalog() async throws {
        try await withTemporaryCatalog { path in
            let states: [JobState] = [.queued, .queued, .retrying, .running, .deferred, .succeeded]
            try Self.makeOlderCatalog(path, jobs: states.enumerated().map { Self.job($0.offset, state: $0.element) })
            try await SQLiteCatalogDatabase(path: path).write { rows in
                #expect(try rows.runningByOwner() == [nil: 1])
                var order: [String] = []
                while var job = try rows.nextDueJob(.import, except: HeldBack()) {
                    order.append(job.id.rawValue)
                    job.state = .running
                    _ = try rows.update(job, ifFenceIs: job.fence)
                }
                #expect(order == ["j-1", "j-2", "j-0"])
                #expect(try rows.runningBySourceHost() == ["h-0": 2, "h-1": 1])
                try Self.expectTrueCounts(rows)
            }
        }
    }

    /// A catalog as it was before turns were counted.
    private static func makeOlderCatalog(_ path: String, jobs: [Job]) throws {
        let file = try DatabaseQueue(path: path)
        try file.write { database in
            for step in Schema.steps.prefix(5) { try database.execute(sql: step) }
            try database.execute(sql: "INSERT INTO catalog (id, min_reader) VALUES ('catalog-1', 1)")
            try database.execute(sql: "PRAGMA application_id = 1282631794; PRAGMA user_version = 5")
            for job in jobs {
                try database.execute(
                    sql: """
                        INSERT INTO jobs (
                            id, version, kind, state, priority, owner, image, target, run_at, fence, has_predecessors,
                            canonical, body
                        ) VALUES (?, 1, ?, ?, 4, ?, ?, ?, ?, 0, 0, '{}', ?)
                        """,
                    arguments: [
                        job.id.rawValue, job.kind.rawValue, job.state.rawValue, job.request.owner?.rawValue,
                        job.imageID?.rawValue, job.imageID?.rawValue, job.runAt.microseconds,
                        String(decoding: try JSONEncoder().encode(job), as: UTF8.self),
                    ])
            }
        }
        try file.close()
    }

    @Test("The counts by which turns are given stay true, whatever happens to jobs", arguments: 1...4)
    func counts(seed: UInt64) async throws {
        try await withTemporaryCatalog { path in
            let random = SeededRandomSource(seed: seed)
            let catalog = ImageCatalog(database: try SQLiteCatalogDatabase(path: path), random: random)
            for number in 0..<150 {
                let request = Self.job(number, state: .queued).request
                _ = try await catalog.accept([
                    .submission(
                        JobSubmission(request: request, canonicalForm: "{}"),
                        original: DeadLetter(body: [], routingKey: "import"))
                ])
                guard random.next() % 2 == 0 else { continue }
                let claimed = try await catalog.claim(
                    for: CatalogSamples.id("w"), slots: [.import: 2], lease: .milliseconds(random.next() % 2 * 9_999)
                ).jobs
                for job in claimed {
                    switch random.next() % 5 {
                    case 0: try await catalog.giveBack(job.lease)
                    case 1: try await catalog.retry(job.lease, after: .zero, because: CatalogSamples.failure)
                    case 2: try await catalog.retry(job.lease, after: .seconds(600), because: CatalogSamples.failure)
                    case 3: try await catalog.fail(job.lease, because: CatalogSamples.failure)
                    default: break
                    }
                }
            }
            try await SQLiteCatalogDatabase(path: path).write { try Self.expectTrueCounts($0) }
        }
    }

    private static func expectTrueCounts(_ rows: any CatalogTransaction) throws {
        let rows = try #require(rows as? SQLiteRows)
        let wrong = try rows.all(
            """
            SELECT kind, owner FROM turns WHERE ready <> (
                SELECT count(*) FROM jobs AS job WHERE job.kind = turns.kind AND job.owner IS turns.owner
                    AND ripe = 1 AND state IN ('queued', 'retrying')
            ) OR running <> (
                SELECT count(*) FROM jobs AS job WHERE job.kind = turns.kind AND job.owner IS turns.owner
                    AND state = 'running'
            )
            """, [])
        #expect(wrong.isEmpty)
        let missing: Int? = try rows.one(
            """
            SELECT count(*) FROM jobs WHERE NOT EXISTS (
                SELECT 1 FROM turns WHERE kind = jobs.kind AND owner IS jobs.owner)
            """, [])
        #expect(missing == 0)
    }
}
