import Catalog
import ImageModel

extension PostgreSQLRows {
    func transferOutline(_ id: TransferID) throws -> TransferOutline? {
        try first("SELECT id, job, store FROM transfers WHERE id = $1", [.text(id.rawValue)]).map(outline)
    }

    func leftoverTransfers(after: TransferID?, limit: Int) throws -> [TransferOutline] {
        let sql = """
            SELECT t.id, t.job, t.store FROM transfers AS t LEFT JOIN jobs AS j ON j.id = t.job
            WHERE t.state IN ('staging', 'committing', 'abandoned') AND t.id > $1
                AND (j.id IS NULL OR j.state IN ('succeeded', 'failed', 'cancelled'))
            ORDER BY t.id LIMIT $2
            """
        return try all(sql, [.text(after?.rawValue ?? ""), Parameter(limit)]).map(outline)
    }

    private func outline(_ row: AnswerRow) throws -> TransferOutline {
        TransferOutline(
            id: try RowCoding.word(row.text("id"), TransferID.init),
            job: try RowCoding.word(row.text("job"), JobID.init),
            store: try RowCoding.word(row.text("store"), StoreName.init))
    }

    func isReplica(_ objectKey: String, in store: StoreName) throws -> Bool {
        let sql = "SELECT 1 AS found FROM replicas WHERE store = $1 AND object_key = $2 LIMIT 1"
        return try first(sql, [.text(store.rawValue), .text(objectKey)]) != nil
    }

    func markDiscarded(_ transfer: TransferID) throws {
        try write("UPDATE transfers SET state = 'discarded' WHERE id = $1", [.text(transfer.rawValue)])
    }

    func prunable(_ horizon: RetentionHorizon) throws -> PruneCount {
        func count(_ selection: String, _ before: Timestamp) throws -> Int {
            let sql = "SELECT count(*) AS rows FROM (\(selection)) AS old"
            return Int(try first(sql, [.integer(before.microseconds), .integer(.max)])?.integer("rows") ?? 0)
        }
        return PruneCount(
            jobs: try count(Self.endedJobs, horizon.jobs), events: try count(Self.oldEvents, horizon.history),
            cancels: try count(Self.oldCancels, horizon.jobs))
    }

    func prune(_ horizon: RetentionHorizon, limit: Int) throws -> PruneCount {
        let jobs = try forgetJobs(endedBefore: horizon.jobs, limit: limit)
        let events = try write(
            "DELETE FROM outbox WHERE number IN (\(Self.oldEvents))",
            [.integer(horizon.history.microseconds), Parameter(limit)]
        ).affected
        let cancels = try write(
            "DELETE FROM remembered_cancels WHERE (job, account) IN (\(Self.oldCancels))",
            [.integer(horizon.jobs.microseconds), Parameter(limit)]
        ).affected
        return PruneCount(jobs: jobs, events: events, cancels: cancels)
    }

    private func forgetJobs(endedBefore moment: Timestamp, limit: Int) throws -> Int {
        let parameters: [Parameter] = [.integer(moment.microseconds), Parameter(limit)]
        let listed = try all("\(Self.endedJobs) FOR UPDATE SKIP LOCKED", parameters).map { try $0.text("id") }
        // Somebody may have begun to wait for one before it was locked; now nobody can.
        let ended = try all(
            "SELECT id FROM (\(Self.endedJobs)) AS old WHERE id = ANY ($3::text[])", parameters + [.texts(listed)]
        ).map { try $0.text("id") }
        for table in ["job_predecessors", "job_secrets", "transfers"] {
            try write("DELETE FROM \(table) WHERE job = ANY ($1::text[])", [.texts(ended)])
        }
        try write("DELETE FROM jobs WHERE id = ANY ($1::text[])", [.texts(ended)])
        for id in ended { memory.jobs[try RowCoding.word(id, JobID.init)] = nil }
        return ended.count
    }

    /// A waiting job would wait for ever for a predecessor that is forgotten; a transfer's bytes would lose their row.
    private static let endedJobs = """
        SELECT id FROM jobs
        WHERE state IN ('succeeded', 'failed', 'cancelled') AND ended_at < $1
            AND NOT EXISTS (
                SELECT 1 FROM job_predecessors AS p JOIN jobs AS w ON w.id = p.job
                WHERE p.predecessor = jobs.id AND w.state IN ('queued', 'deferred', 'running', 'retrying'))
            AND NOT EXISTS (
                SELECT 1 FROM transfers AS t
                WHERE t.job = jobs.id AND t.state IN ('staging', 'committing', 'abandoned'))
        ORDER BY ended_at LIMIT $2
        """

    private static let oldEvents = """
        SELECT number FROM outbox WHERE published_at < $1 ORDER BY published_at LIMIT $2
        """

    private static let oldCancels = "SELECT job, account FROM remembered_cancels WHERE at < $1 ORDER BY at LIMIT $2"
}
