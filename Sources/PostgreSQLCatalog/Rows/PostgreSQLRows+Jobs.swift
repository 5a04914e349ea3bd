import Catalog
import ImageModel

extension PostgreSQLRows {
    func job(_ id: JobID) throws -> Job? {
        if let known = memory.jobs[id] { return known }
        let sql = "SELECT body FROM jobs WHERE id = $1 \(locking())"
        var row = try first(sql, [.text(id.rawValue)])
        if row == nil, try holdArrivals() { row = try first(sql, [.text(id.rawValue)]) }
        if row == nil { memory.absent.insert("job:\(id)") }
        return try row.map(locked)
    }

    /// A job from a row that this transaction has locked, or that its snapshot holds still.
    func locked(_ row: AnswerRow) throws -> Job {
        let job: Job = try RowCoding.value(from: row.text("body"))
        if isWriting { memory.jobs[job.id] = job }
        return job
    }

    func admission(of id: JobID) throws -> JobAdmission? {
        let sql = """
            SELECT canonical, reply_to, correlation_id, source_query
            FROM jobs LEFT JOIN job_secrets ON job = id WHERE id = $1
            """
        return try first(sql, [.text(id.rawValue)]).map { row in
            JobAdmission(
                canonicalForm: try row.text("canonical"), sourceQuery: try row.textIfAny("source_query"),
                replyTo: try row.textIfAny("reply_to"), correlationID: try row.textIfAny("correlation_id"))
        }
    }

    func unfinishedJobs(on image: ImageID) throws -> [JobOutline] {
        try lockImage(image)
        let sql = """
            SELECT id, kind, state, has_predecessors FROM jobs
            WHERE target = $1 AND state IN ('queued', 'deferred', 'running', 'retrying') ORDER BY number
            """
        return try all(sql, [.text(image.rawValue)]).map { row in
            JobOutline(
                id: try RowCoding.word(row.text("id"), JobID.init),
                kind: try RowCoding.word(row.text("kind"), JobKind.init),
                state: try RowCoding.word(row.text("state"), JobState.init),
                hasPredecessors: try row.flag("has_predecessors"))
        }
    }

    func jobs(waitingFor job: JobID) throws -> [Job] {
        // Whoever is about to wait for it has to lock it first, and then sees how it stands.
        if isWriting { _ = try self.job(job) }
        let sql = """
            SELECT body FROM job_predecessors JOIN jobs ON id = job
            WHERE predecessor = $1 AND state = 'deferred' ORDER BY number
            """
        return try jobs(sql, [.text(job.rawValue)])
    }

    /// Jobs for a list; a rule that is to change one asks for it by its id, which locks it.
    func jobs(_ sql: String, _ parameters: [Parameter]) throws -> [Job] {
        try all(sql, parameters).map { try RowCoding.value(from: $0.text("body")) }
    }

    func insert(_ job: Job, _ admission: JobAdmission) throws {
        // A copy to a new image works on the image it reads; every other job on the one it is about.
        let target = job.kind == .cancel ? nil : job.request.imageID ?? job.imageID
        try holdArrivals()
        memory.late = nil
        memory.absent.remove("job:\(job.id)")
        if let target { try lockImage(target) }
        // Owners are served in turn from their first job on.
        let sql = """
            WITH turn AS (
                INSERT INTO turns (kind, owner, served) SELECT $3, $6, false
                WHERE $3 <> 'cancel' AND NOT EXISTS (SELECT 1 FROM turns WHERE kind = $3 AND owner = $6)
            )
            INSERT INTO jobs (
                id, version, kind, state, priority, owner, image, target, run_at, ripe, fence, has_predecessors,
                source_host, reserved_bytes, ended_at, canonical, reply_to, correlation_id, body
            ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
            """
        try write(
            sql,
            [
                .text(job.id.rawValue), Parameter(job.neededVersion), .text(job.kind.rawValue),
                .text(job.state.rawValue), Parameter(job.priority), .text(job.request.owner?.rawValue ?? ""),
                Parameter(job.imageID?.rawValue), Parameter(target?.rawValue), .integer(job.runAt.microseconds),
                .flag(isRipe(job)), .integer(job.fence), .flag(!job.request.after.isEmpty),
                Parameter(job.sourceHost), .integer(job.reservedBytes ?? 0), Parameter(job.endedAt?.microseconds),
                .text(admission.canonicalForm), Parameter(admission.replyTo), Parameter(admission.correlationID),
                .text(try RowCoding.text(job)),
            ])
        let predecessors = Set(job.request.after).map(\.rawValue).sorted()
        if !predecessors.isEmpty {
            try write(
                "INSERT INTO job_predecessors (predecessor, job) SELECT unnest($1::text[]), $2",
                [.texts(predecessors), .text(job.id.rawValue)])
        }
        if let query = admission.sourceQuery { try setSourceQuery(query, of: job.id) }
    }

    func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool {
        let sql = """
            UPDATE jobs SET
                state = $3, image = $4, run_at = $5, ripe = $6, fence = $7, source_host = $8, reserved_bytes = $9,
                ended_at = $10, body = $11
            WHERE id = $1 AND fence = $2
            """
        memory.late = nil
        let isWritten =
            try write(
                sql,
                [
                    .text(job.id.rawValue), .integer(fence), .text(job.state.rawValue),
                    Parameter(job.imageID?.rawValue), .integer(job.runAt.microseconds), .flag(isRipe(job)),
                    .integer(job.fence), Parameter(job.sourceHost), .integer(job.reservedBytes ?? 0),
                    Parameter(job.endedAt?.microseconds), .text(try RowCoding.text(job)),
                ]
            ).affected == 1
        if isWritten, job.state == .running, job.isCancelRequested, memory.jobs[job.id]?.isCancelRequested == false {
            memory.hasCancelledRunningJobs = true
        }
        memory.jobs[job.id] = isWritten ? job : nil
        return isWritten
    }

    private func isRipe(_ job: Job) -> Bool {
        guard job.runAt <= now else { return false }
        // Cancels are carried out as they are accepted, and never claimed.
        if job.kind != .cancel, job.state == .queued || job.state == .retrying {
            memory.readiedKinds.insert(job.kind)
            memory.dueKinds?.insert(job.kind)
        }
        return true
    }

    func setSourceQuery(_ query: String?, of job: JobID) throws {
        guard let query else {
            try write("DELETE FROM job_secrets WHERE job = $1", [.text(job.rawValue)])
            return
        }
        let sql = """
            INSERT INTO job_secrets (job, source_query) VALUES ($1, $2)
            ON CONFLICT (job) DO UPDATE SET source_query = excluded.source_query
            """
        try write(sql, [.text(job.rawValue), .text(query)])
    }

    func rememberCancel(of job: JobID, by account: AccountID?) throws {
        // No account is empty, so the empty one stands for the platform.
        try write(
            "INSERT INTO remembered_cancels (job, account, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [.text(job.rawValue), .text(account?.rawValue ?? ""), .integer(now.microseconds)])
    }

    func rememberedCancels(of job: JobID) throws -> [AccountID?] {
        let sql = "SELECT account FROM remembered_cancels WHERE job = $1 ORDER BY account"
        return try all(sql, [.text(job.rawValue)]).map { AccountID(try $0.text("account")) }
    }
}
