import Catalog
import ImageModel

/// What waits, what is due, and whose lease ran out.
extension PostgreSQLRows {
    func waitingCounts() throws -> [JobKind: Int] {
        let sql = """
            SELECT kind, count(*) AS jobs FROM jobs WHERE state IN ('queued', 'deferred', 'retrying') GROUP BY kind
            """
        return try counts(sql)
    }

    func followerCounts() throws -> [JobKind: Int] {
        try counts(
            "SELECT kind, count(*) AS jobs FROM jobs WHERE state = 'deferred' AND has_predecessors GROUP BY kind")
    }

    private func counts(_ sql: String) throws -> [JobKind: Int] {
        try all(sql).reduce(into: [:]) { counts, row in
            counts[try RowCoding.word(row.text("kind"), JobKind.init)] = Int(try row.integer("jobs"))
        }
    }

    func hasMovingJobs() throws -> Bool {
        let sql = """
            SELECT EXISTS (SELECT 1 FROM jobs WHERE state IN ('queued', 'retrying') AND ripe)
                OR EXISTS (SELECT 1 FROM jobs WHERE state IN ('queued', 'retrying') AND NOT ripe)
                OR EXISTS (SELECT 1 FROM jobs WHERE state = 'running') AS moving
            """
        let isMoving = try first(sql)?.flag("moving") ?? false
        // That nothing moves anywhere stays true in a writing transaction only while nobody else writes.
        if !isMoving { requireSolitude() }
        return isMoving
    }

    func strandedJobs(limit: Int) throws -> [Job] {
        let sql = """
            SELECT body FROM jobs
            WHERE state = 'deferred' AND has_predecessors AND EXISTS (
                SELECT 1 FROM job_predecessors AS p
                WHERE p.job = jobs.id AND NOT EXISTS (SELECT 1 FROM jobs AS known WHERE known.id = p.predecessor))
            ORDER BY number LIMIT $1
            """
        return try jobs(sql, [Parameter(limit)])
    }

    func nextDue() throws -> Timestamp? {
        let sql = """
            SELECT min(run_at) AS due FROM jobs
            WHERE state IN ('queued', 'deferred', 'retrying') AND run_at > $1 AND run_at < $2
            """
        return try first(sql, [.integer(now.microseconds), .integer(.max)])?.integerIfAny("due")
            .map(Timestamp.init(microseconds:))
    }

    func overdueDeferredJobs(limit: Int) throws -> [Job] {
        guard try !isWriting || late().isDeferredJobDue else { return [] }
        // What another worker has in hand it will look at.
        let sql = """
            SELECT body FROM jobs WHERE state = 'deferred' AND run_at <= $1 AND version <= $2
            ORDER BY run_at, number LIMIT $3 \(locking("FOR UPDATE SKIP LOCKED"))
            """
        return try all(sql, [.integer(now.microseconds), Parameter(Job.newestVersion), Parameter(limit)]).map(locked)
    }

    func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        memory.late = nil
        return try write(
            "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND fence = $2 AND state = 'running'",
            [.text(job.rawValue), .integer(fence), .integer((now + duration).microseconds)]
        ).affected == 1
    }

    func jobsWithExpiredLease(limit: Int) throws -> [Job] {
        guard try !isWriting || late().isLeaseOver else { return [] }
        // One that is locked is being renewed, ended or taken back.
        let sql = """
            SELECT body FROM jobs WHERE state = 'running' AND lease_until <= $1 AND version <= $2
            ORDER BY number LIMIT $3 \(locking("FOR UPDATE SKIP LOCKED"))
            """
        return try all(sql, [.integer(now.microseconds), Parameter(Job.newestVersion), Parameter(limit)]).map(locked)
    }

    /// Whether the two questions with which a claim begins have an answer: nearly always neither has one.
    private func late() throws -> (isLeaseOver: Bool, isDeferredJobDue: Bool) {
        if let known = memory.late { return known }
        let sql = """
            SELECT EXISTS (
                SELECT 1 FROM jobs WHERE state = 'running' AND lease_until <= $1
            ) AS is_lease_over, EXISTS (
                SELECT 1 FROM jobs WHERE state = 'deferred' AND run_at <= $1
            ) AS is_deferred_job_due
            """
        let row = try first(sql, [.integer(now.microseconds)])
        let late = (
            isLeaseOver: try row?.flag("is_lease_over") ?? true,
            isDeferredJobDue: try row?.flag("is_deferred_job_due") ?? true
        )
        memory.late = late
        return late
    }
}
