import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func job(_ id: JobID) throws -> Job? {
        if let known = cache.jobs[id] { return known }
        let body: String? = try one("SELECT body FROM jobs WHERE id = ?", [id.rawValue])
        let job: Job? = try body.map { try value(from: $0) }
        cache.jobs[id] = job
        return job
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

    func unfinishedJobs(on image: ImageID) throws -> [JobOutline] {
        let sql = """
            SELECT id, kind, state, has_predecessors FROM jobs
            WHERE target = ? AND state IN ('queued', 'deferred', 'running', 'retrying') ORDER BY number
            """
        return try all(sql, [image.rawValue]).map { row in
            JobOutline(
                id: try word(row["id"], JobID.init), kind: try word(row["kind"], JobKind.init),
                state: try word(row["state"], JobState.init), hasPredecessors: row["has_predecessors"])
        }
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

    func followerCounts() throws -> [JobKind: Int] {
        let sql = """
            SELECT kind, count(*) AS followers FROM jobs INDEXED BY jobs_following
            WHERE state = 'deferred' AND has_predecessors GROUP BY kind
            """
        return try all(sql, []).reduce(into: [:]) { counts, row in
            counts[try word(row["kind"], JobKind.init)] = row["followers"]
        }
    }

    func hasMovingJobs() throws -> Bool {
        let sql = """
            SELECT EXISTS (
                    SELECT 1 FROM jobs INDEXED BY jobs_next WHERE state IN ('queued', 'retrying') AND ripe = 1)
                OR EXISTS (
                    SELECT 1 FROM jobs INDEXED BY jobs_unripe WHERE state IN ('queued', 'retrying') AND ripe = 0)
                OR EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_running WHERE state = 'running')
            """
        return try one(sql, []) ?? false
    }

    func strandedJobs(limit: Int) throws -> [Job] {
        let sql = """
            SELECT body FROM jobs INDEXED BY jobs_following
            WHERE state = 'deferred' AND has_predecessors AND EXISTS (
                SELECT 1 FROM job_predecessors AS p
                WHERE p.job = jobs.id AND NOT EXISTS (SELECT 1 FROM jobs AS known WHERE known.id = p.predecessor))
            ORDER BY number LIMIT ?
            """
        return try jobs(sql, [limit])
    }

    func nextDue() throws -> Timestamp? {
        let sql = """
            SELECT min(run_at) FROM jobs
            WHERE state IN ('queued', 'deferred', 'retrying') AND run_at > ? AND run_at < ?
            """
        let due: Int64? = try one(sql, [now.microseconds, Int64.max])
        return due.map(Timestamp.init(microseconds:))
    }

    func overdueDeferredJobs(limit: Int) throws -> [Job] {
        let sql = """
            SELECT body FROM jobs WHERE state = 'deferred' AND run_at <= ? AND version <= ?
            ORDER BY run_at, number LIMIT ?
            """
        return try jobs(sql, [now.microseconds, Job.newestVersion, limit])
    }

    func jobsWithExpiredLease(limit: Int) throws -> [Job] {
        // Without the hint the rows would be walked through in their order, the ended ones too.
        let sql = """
            SELECT body FROM jobs INDEXED BY jobs_running
            WHERE state = 'running' AND (lease_boot <> ? OR lease_until <= ?) AND version <= ?
            ORDER BY number LIMIT ?
            """
        return try jobs(sql, [clock.bootID, clock.sinceBoot, Job.newestVersion, limit])
    }

    func jobs(_ sql: String, _ arguments: StatementArguments) throws -> [Job] {
        try all(sql, arguments).map { try value(from: $0["body"]) }
    }

    func insert(_ job: Job, _ admission: JobAdmission) throws {
        let sql = """
            INSERT INTO jobs (
                id, version, kind, state, priority, owner, image, target, run_at, ripe, fence, has_predecessors,
                source_host, reserved_bytes, canonical, reply_to, correlation_id, body
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        // A copy to a new image works on the image it reads; every other job on the one it is about.
        let target = job.request.imageID ?? job.imageID
        try run(
            sql,
            [
                job.id.rawValue, job.neededVersion, job.kind.rawValue, job.state.rawValue, job.priority,
                job.request.owner?.rawValue, job.imageID?.rawValue, job.kind == .cancel ? nil : target?.rawValue,
                job.runAt.microseconds, job.runAt <= now, job.fence, !job.request.after.isEmpty, job.sourceHost,
                job.reservedBytes ?? 0, admission.canonicalForm, admission.replyTo, admission.correlationID,
                try text(job),
            ])
        for predecessor in Set(job.request.after) {
            try run(
                "INSERT INTO job_predecessors (predecessor, job) VALUES (?, ?)",
                [predecessor.rawValue, job.id.rawValue])
        }
        if let query = admission.sourceQuery { try setSourceQuery(query, of: job.id) }
    }

    func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool {
        let sql = """
            UPDATE jobs SET
                state = ?, image = ?, run_at = ?, ripe = ?, fence = ?, source_host = ?, reserved_bytes = ?, body = ?
            WHERE id = ? AND fence = ?
            """
        try run(
            sql,
            [
                job.state.rawValue, job.imageID?.rawValue, job.runAt.microseconds, job.runAt <= now, job.fence,
                job.sourceHost, job.reservedBytes ?? 0, try text(job), job.id.rawValue, fence,
            ])
        let isWritten = database.changesCount == 1
        cache.jobs[job.id] = isWritten ? job : nil
        return isWritten
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

    func rememberCancel(of job: JobID, by account: AccountID?) throws {
        // No account is empty, so the empty one stands for the platform.
        try run(
            "INSERT OR IGNORE INTO remembered_cancels (job, account, at) VALUES (?, ?, ?)",
            [job.rawValue, account?.rawValue ?? "", now.microseconds])
    }

    func rememberedCancels(of job: JobID) throws -> [AccountID?] {
        let sql = "SELECT account FROM remembered_cancels WHERE job = ? ORDER BY account"
        return try all(sql, [job.rawValue]).map { AccountID($0["account"]) }
    }
}
