import Catalog
import ImageModel
import TestSupport
import Testing

@testable import PostgreSQLCatalog

@Suite("Hot queries in PostgreSQL", .needsPostgreSQL)
struct PostgreSQLPlanTests {
    @Test("go through an index, so that the work already done costs nothing")
    func noScans() async throws {
        try await withTemporarySchema { url in
            let plans = try await Self.plans(of: Self.hotQueries, url)
            #expect(plans.count > 30)
            // What is asked only when there is something to find was asked too.
            for part in [
                "line AS MATERIALIZED", "lease_until <= $1 AND version", "state = 'deferred' AND run_at <= $1 AND",
            ] {
                #expect(plans.contains { $0.statement.contains(part) })
            }
            for plan in plans {
                let scans = plan.steps.filter { $0.contains("Seq Scan on") && !$0.contains("Seq Scan on catalog") }
                #expect(scans.isEmpty, "\(plan)")
            }
        }
    }

    @Test("for lists take what passes from an index, in the order in which it is told")
    func lists() async throws {
        try await withTemporarySchema { url in
            let wanted = [
                "images_by_status": "status = ", "images_by_owner": "owner = ", "jobs_of_image": "image = ",
                "jobs_of_target": "target = ",
            ]
            let plans = try await Self.plans(of: Self.lists, url)
            for (index, condition) in wanted {
                let users = plans.filter { $0.steps.contains { $0.contains("Scan Backward using \(index) ") } }
                #expect(!users.isEmpty, "nothing goes through \(index): \(plans)")
                for plan in users {
                    #expect(plan.steps.contains { $0.contains("Index Cond") && $0.contains(condition) }, "\(plan)")
                }
            }
        }
    }

    private struct Plan: CustomStringConvertible {
        let statement: String
        let steps: [String]
        var description: String { ([statement] + steps).joined(separator: "\n") }
    }

    /// The plans of the statements that `body` runs, and of those that every transaction runs.
    private static func plans(of body: (any CatalogTransaction) throws -> Void, _ url: String) async throws -> [Plan] {
        let id = try await PostgreSQLCatalogDatabase(url: url).read { try $0.catalogID() }
        let session = Session(try ConnectionAddress(url), name: "plans")
        try session.open()
        try TransactionRun(session: session, keys: LockKeys(catalog: id)).write(body)
        return try session.execute(
            "SELECT name, statement, cardinality(parameter_types) AS parameters FROM pg_prepared_statements"
        ).rows.map { row in
            let parameters = try Array(repeating: "NULL", count: Int(row.integer("parameters")))
            let list = parameters.isEmpty ? "" : "(\(parameters.joined(separator: ",")))"
            let steps = try session.execute("EXPLAIN EXECUTE \(row.text("name"))\(list)").rows
                .map { try $0.text("\"QUERY PLAN\"") }
            return Plan(statement: try row.text("statement"), steps: steps)
        }
    }

    /// The lists with a filter that few rows may pass.
    private static func lists(_ rows: any CatalogTransaction) throws {
        let image: ImageID = CatalogSamples.id("image-1")
        let job: JobID = CatalogSamples.id("job-1")
        _ = try rows.jobs(JobFilter(image: image))
        _ = try rows.jobs(JobFilter(states: [.failed, .succeeded], kind: .import, image: image, after: job))
        _ = try rows.images(ImageFilter(statuses: [.failed]))
        _ = try rows.images(ImageFilter(statuses: [.failed, .pendingDelete, .deleting], after: image))
        _ = try rows.images(ImageFilter(owner: CatalogSamples.id("acct-1"), after: image))
    }

    /// All that is asked for every message, claim, renewal and end.
    private static func hotQueries(_ rows: any CatalogTransaction) throws {
        let job: JobID = CatalogSamples.id("job-1")
        let image: ImageID = CatalogSamples.id("image-1")
        try rows.insert(CatalogSamples.image())
        try rows.insert(
            CatalogSamples.job("job-1", CatalogSamples.works[0]),
            JobAdmission(canonicalForm: "{}", sourceQuery: "q"))
        _ = try rows.job(job)
        var late = CatalogSamples.job("job-2", CatalogSamples.works[0])
        late.state = .deferred
        late.runAt = rows.now
        try rows.insert(late, JobAdmission(canonicalForm: "{}"))
        late = CatalogSamples.job("job-3", CatalogSamples.works[0])
        late.state = .running
        try rows.insert(late, JobAdmission(canonicalForm: "{}"))
        _ = try rows.extendLease(of: late.id, ifFenceIs: late.fence, by: .zero)
        _ = try rows.admission(of: job)
        _ = try rows.image(image)
        _ = try rows.unfinishedJobs(on: image)
        _ = try rows.jobs(waitingFor: job)
        _ = try rows.rememberedCancels(of: job)
        _ = try rows.members(of: image)
        _ = try rows.waitingCounts()
        _ = try rows.followerCounts()
        _ = try rows.hasMovingJobs()
        _ = try rows.jobLoad()
        _ = try rows.outboxLoad()
        _ = try rows.nextDue()
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
        try rows.update(CatalogSamples.image())
        _ = try rows.openTransfers(of: job)
        _ = try rows.abandonedTransfers(after: TransferID("t-1"), limit: 9)
        _ = try rows.leftoverTransfers(after: nil, limit: 9)
        _ = try rows.promises(in: CatalogSamples.id("default"))
        try rows.noteReleased(1, in: CatalogSamples.id("default"))
        _ = try rows.nextSequence(of: image)
        _ = try rows.lastEvent(of: job)
        _ = try rows.history(of: image, limit: 9)
        _ = try rows.unpublished(limit: 9)
        _ = try rows.unpublished(in: OutboxRange(after: 1))
        try rows.markPublished([1], unrouted: [])
        try rows.setSourceQuery(nil, of: job)
        _ = try rows.prune(RetentionHorizon(jobs: rows.now, history: rows.now), limit: 9)
    }
}
