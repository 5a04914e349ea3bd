import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    /// The version of job rows this program writes; it claims no row of a later one.
    private static let jobVersion = 1

    func job(_ id: JobID) throws -> Job? {
        let body: String? = try one("SELECT body FROM jobs WHERE id = ?", [id.rawValue])
        return try body.map { try value(from: $0) }
    }

    func admission(of id: JobID) throws -> JobAdmission? {
        let sql = """
            SELECT canonical, reply_to, correlation_id, source_query
            FROM jobs LEFT JOIN job_secrets ON job = id WHERE id = ?
            """
        return try first(sql, [id.rawValue]).map { row in
            JobAdmission(
                canonicalForm: row["canonical"], sourceQuery: row["source_query"], replyTo: row["reply_to"],
                correlationID: row["correlation_id"])
        }
    }

    func jobs(_ filter: JobFilter) throws -> [Job] {
        var conditions = ["1"]
        var arguments = StatementArguments()
        if let states = filter.states {
            conditions.append("state IN (\(states.map { _ in "?" }.joined(separator: ",")))")
            arguments += StatementArguments(states.map(\.rawValue).sorted())
        }
        if let kind = filter.kind {
            conditions.append("kind = ?")
            arguments += [kind.rawValue]
        }
        if let image = filter.image {
            conditions.append("(image = ? OR target = ?)")
            arguments += [image.rawValue, image.rawValue]
        }
        arguments += [filter.limit]
        return try jobs(
            "SELECT body FROM jobs WHERE \(conditions.joined(separator: " AND ")) ORDER BY number DESC LIMIT ?",
            arguments)
    }

    func unfinishedJobs(on image: ImageID) throws -> [Job] {
        let sql = """
            SELECT body FROM jobs WHERE target = ? AND state IN ('queued', 'deferred', 'running', 'retrying')
            ORDER BY number
            """
        return try jobs(sql, [image.rawValue])
    }

    func jobs(waitingFor job: JobID) throws -> [Job] {
        let sql = """
            SELECT body FROM job_predecessors JOIN jobs ON id = job
            WHERE predecessor = ? AND state = 'deferred' ORDER BY number
            """
        return try jobs(sql, [job.rawValue])
    }

    func waitingCounts() throws -> [JobKind: Int] {
        let sql = """
            SELECT kind, count(*) AS waiting FROM jobs WHERE state IN ('queued', 'deferred', 'retrying') GROUP BY kind
            """
        return try all(sql, []).reduce(into: [:]) { counts, row in
            counts[try word(row["kind"], JobKind.init)] = row["waiting"]
        }
    }

    func nextDue() throws -> Timestamp? {
        let sql = """
            SELECT min(run_at) FROM jobs
            WHERE state IN ('queued', 'retrying', 'deferred') AND run_at > ? AND run_at < ?
            """
        let due: Int64? = try one(sql, [now.microseconds, Int64.max])
        return due.map(Timestamp.init(microseconds:))
    }

    func dueJobs(_ kind: JobKind, limit: Int) throws -> [Job] {
        let sql = """
            SELECT body FROM jobs
            WHERE state IN ('queued', 'retrying') AND kind = ? AND run_at <= ? AND version <= ?
            ORDER BY priority DESC, number LIMIT ?
            """
        return try jobs(sql, [kind.rawValue, now.microseconds, Self.jobVersion, limit])
    }

    func overdueDeferredJobs(limit: Int) throws -> [Job] {
        let sql = "SELECT body FROM jobs WHERE state = 'deferred' AND run_at <= ? ORDER BY run_at LIMIT ?"
        return try jobs(sql, [now.microseconds, limit])
    }

    func jobsWithExpiredLease(limit: Int) throws -> [Job] {
        let sql = """
            SELECT body FROM jobs WHERE state = 'running' AND (lease_boot <> ? OR lease_until <= ?)
            ORDER BY number LIMIT ?
            """
        return try jobs(sql, [clock.bootID, clock.sinceBoot, limit])
    }

    private func jobs(_ sql: String, _ arguments: StatementArguments) throws -> [Job] {
        try all(sql, arguments).map { try value(from: $0["body"]) }
    }

    func insert(_ job: Job, _ admission: JobAdmission) throws {
        let sql = """
            INSERT INTO jobs (
                id, version, kind, state, priority, owner, image, target, run_at, fence, canonical, reply_to,
                correlation_id, body
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        // A copy to a new image works on the image it reads; every other job on the one it is about.
        let target = job.request.imageID ?? job.imageID
        try run(
            sql,
            [
                job.id.rawValue, Self.jobVersion, job.kind.rawValue, job.state.rawValue, job.priority,
                job.request.owner?.rawValue, job.imageID?.rawValue, job.kind == .cancel ? nil : target?.rawValue,
                job.runAt.microseconds, job.fence, admission.canonicalForm, admission.replyTo,
                admission.correlationID, try text(job),
            ])
        for predecessor in Set(job.request.after) {
            try run(
                "INSERT INTO job_predecessors (predecessor, job) VALUES (?, ?)",
                [predecessor.rawValue, job.id.rawValue])
        }
        if let query = admission.sourceQuery { try setSourceQuery(query, of: job.id) }
    }

    func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool {
        let sql = "UPDATE jobs SET state = ?, image = ?, run_at = ?, fence = ?, body = ? WHERE id = ? AND fence = ?"
        try run(
            sql,
            [
                job.state.rawValue, job.imageID?.rawValue, job.runAt.microseconds, job.fence, try text(job),
                job.id.rawValue, fence,
            ])
        return database.changesCount == 1
    }

    func setSourceQuery(_ query: String?, of job: JobID) throws {
        guard let query else {
            try run("DELETE FROM job_secrets WHERE job = ?", [job.rawValue])
            return
        }
        let sql = """
            INSERT INTO job_secrets (job, source_query) VALUES (?, ?)
            ON CONFLICT (job) DO UPDATE SET source_query = excluded.source_query
            """
        try run(sql, [job.rawValue, query])
    }

    func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        try run(
            "UPDATE jobs SET lease_boot = ?, lease_until = ? WHERE id = ? AND fence = ? AND state = 'running'",
            [clock.bootID, clock.sinceBoot + duration.wholeMicroseconds, job.rawValue, fence])
        return database.changesCount == 1
    }

    func rememberCancel(of job: JobID) throws {
        try run("INSERT OR IGNORE INTO remembered_cancels (job, at) VALUES (?, ?)", [job.rawValue, now.microseconds])
    }

    func isCancelRemembered(of job: JobID) throws -> Bool {
        let found: Int? = try one("SELECT 1 FROM remembered_cancels WHERE job = ?", [job.rawValue])
        return found != nil
    }
}
