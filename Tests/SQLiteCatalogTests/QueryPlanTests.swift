import Catalog
import GRDB
import ImageModel
import TestSupport
import Testing

@testable import SQLiteCatalog

@Suite("Hot queries")
struct QueryPlanTests {
    @Test("go through an index, so that the work already done costs nothing")
    func noScans() async throws {
        try await withTemporaryCatalog { path in
            let scans = try await SQLiteCatalogDatabase(path: path).write { rows in
                let rows = try #require(rows as? SQLiteRows)
                // These hold unfinished work only, and a subquery no more than it found.
                let allowed = [
                    "INDEX jobs_waiting", "INDEX jobs_running", "COVERING INDEX jobs_following",
                    "COVERING INDEX jobs_next", "COVERING INDEX jobs_unripe", "COVERING INDEX jobs_fetching",
                    "COVERING INDEX turns_running", "INDEX source_hosts_rested", "json_each", "INDEX outbox_waiting",
                    "(subquery", "SCAN load", "CONSTANT ROW",
                ]
                return try Self.plans(of: Self.statements(of: Self.hotQueries, in: rows), in: rows.database)
                    .flatMap { $0.split(separator: "\n").map(String.init) }
                    .filter { step in step.hasPrefix("SCAN") && !allowed.contains { step.contains($0) } }
            }
            #expect(scans.isEmpty, "\(scans)")
        }
    }

    @Test("for counting waiting jobs and finding the next one due read nothing but an index")
    func covering() async throws {
        try await withTemporaryCatalog { path in
            let plans = try await SQLiteCatalogDatabase(path: path).write { rows in
                let rows = try #require(rows as? SQLiteRows)
                let statements = try Self.statements(
                    of: { rows in
                        _ = try rows.waitingCounts()
                        _ = try rows.nextDue()
                    }, in: rows)
                return try Self.plans(of: statements, in: rows.database)
            }
            #expect(plans.count == 2)
            #expect(plans.allSatisfy { $0.contains("COVERING INDEX jobs_waiting") }, "\(plans)")
        }
    }

    @Test("for lists take what passes from an index, in the order in which it is told")
    func lists() async throws {
        try await withTemporaryCatalog { path in
            let plans = try await SQLiteCatalogDatabase(path: path).write { rows in
                let rows = try #require(rows as? SQLiteRows)
                return try Self.plans(of: Self.statements(of: Self.lists, in: rows), in: rows.database)
            }
            #expect(plans.count == 6)
            for plan in plans {
                #expect(
                    plan.contains("\nSEARCH ") && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "\(plan)")
            }
        }
    }

    /// The lists with a filter that few rows may pass.
    private static func lists(_ rows: SQLiteRows) throws {
        let image: ImageID = CatalogSamples.id("image-1")
        let job: JobID = CatalogSamples.id("job-1")
        _ = try rows.jobs(JobFilter(image: image))
        _ = try rows.jobs(JobFilter(states: [.failed, .succeeded], kind: .import, image: image, after: job))
        _ = try rows.images(ImageFilter(statuses: [.failed]))
        _ = try rows.images(ImageFilter(statuses: [.failed, .pendingDelete, .deleting], after: image))
        _ = try rows.images(ImageFilter(owner: CatalogSamples.id("acct-1"), after: image))
        _ = try rows.images(ImageFilter(statuses: [.active], owner: CatalogSamples.id("acct-1")))
    }

    /// All that is asked for every message, claim, renewal and end.
    private static func hotQueries(_ rows: SQLiteRows) throws {
        let job: JobID = CatalogSamples.id("job-1")
        let image: ImageID = CatalogSamples.id("image-1")
        _ = try rows.job(job)
        _ = try rows.admission(of: job)
        _ = try rows.image(image)
        _ = try rows.unfinishedJobs(on: image)
        _ = try rows.jobs(waitingFor: job)
        _ = try rows.rememberedCancels(of: job)
        _ = try rows.waitingCounts()
        _ = try rows.followerCounts()
        _ = try rows.hasMovingJobs()
        _ = try rows.jobLoad()
        _ = try rows.outboxLoad()
        _ = try rows.nextDue()
        _ = try rows.nextDueJob(.import, except: HeldBack())
        _ = try rows.nextDueJob(.import, except: HeldBack(owners: [nil], hosts: ["h"]))
        _ = try rows.hasClaimableJob(of: [.import], except: HeldBack(owners: [nil], hosts: ["h"]))
        try rows.noteServed(nil, .import)
        _ = try rows.runningByOwner()
        _ = try rows.runningBySourceHost()
        _ = try rows.usage(of: nil)
        _ = try rows.health(ofHost: "h")
        _ = try rows.restedHosts()
        try rows.forgetHosts(unchangedSince: rows.now)
        _ = try rows.overdueDeferredJobs(limit: 9)
        _ = try rows.jobsWithExpiredLease(limit: 9)
        _ = try rows.extendLease(of: job, ifFenceIs: 1, by: .zero)
        _ = try rows.update(CatalogSamples.job("job-1", CatalogSamples.works[0]), ifFenceIs: 1)
        _ = try rows.openTransfers(of: job)
        _ = try rows.abandonedTransfers(after: TransferID("t-1"), limit: 9)
        _ = try rows.promises(in: CatalogSamples.id("default"))
        _ = try rows.lastEvent(of: job)
        _ = try rows.history(of: image, limit: 9)
        _ = try rows.unpublished(limit: 9)
        _ = try rows.unpublished(in: OutboxRange(after: 1))
        try rows.markPublished([1], unrouted: [])
        try rows.setSourceQuery(nil, of: job)
    }

    /// The statements that `body` runs.
    private static func statements(of body: (SQLiteRows) throws -> Void, in rows: SQLiteRows) throws -> [String] {
        let journal = Journal()
        rows.database.trace { event in
            if case .statement(let statement) = event { journal.statements.append(statement.expandedSQL) }
        }
        defer { rows.database.trace(options: []) }
        try body(rows)
        return journal.statements
    }

    private static func plans(of statements: [String], in database: Database) throws -> [String] {
        try statements.map { sql in
            let steps = try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + sql)
            return sql + "\n" + steps.map { $0["detail"] as String }.joined(separator: "\n")
        }
    }

    /// Filled and read on the database's thread alone, while it runs one transaction.
    private final class Journal {
        var statements: [String] = []
    }
}
