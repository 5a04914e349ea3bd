import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func transferOutline(_ id: TransferID) throws -> TransferOutline? {
        try first("SELECT id, job, store FROM transfers WHERE id = ?", [id.rawValue]).map(outline)
    }

    func leftoverTransfers(after: TransferID?, limit: Int) throws -> [TransferOutline] {
        let sql = """
            SELECT t.id AS id, t.job AS job, t.store AS store
            FROM transfers AS t INDEXED BY transfers_unsettled LEFT JOIN jobs AS j ON j.id = t.job
            WHERE t.state IN ('staging', 'committing', 'abandoned') AND t.id > ?
                AND (j.id IS NULL OR j.state IN ('succeeded', 'failed', 'cancelled'))
            ORDER BY t.id LIMIT ?
            """
        return try all(sql, [after?.rawValue ?? "", limit]).map(outline)
    }

    private func outline(_ row: Row) throws -> TransferOutline {
        TransferOutline(
            id: try word(row["id"], TransferID.init), job: try word(row["job"], JobID.init),
            store: try word(row["store"], StoreName.init))
    }

    func isReplica(_ objectKey: String, in store: StoreName) throws -> Bool {
        let sql = "SELECT 1 FROM replicas WHERE store = ? AND object_key = ? LIMIT 1"
        let found: Int? = try one(sql, [store.rawValue, objectKey])
        return found != nil
    }

    func markDiscarded(_ transfer: TransferID) throws {
        try run("UPDATE transfers SET state = 'discarded' WHERE id = ?", [transfer.rawValue])
    }

    func prunable(_ horizon: RetentionHorizon) throws -> PruneCount {
        func count(_ selection: String, _ before: Timestamp) throws -> Int {
            try one("SELECT count(*) FROM (\(selection))", [before.microseconds, Int64.max]) ?? 0
        }
        return PruneCount(
            jobs: try count(Self.endedJobs, horizon.jobs), events: try count(Self.oldEvents, horizon.history),
            cancels: try count(Self.oldCancels, horizon.jobs))
    }

    func prune(_ horizon: RetentionHorizon, limit: Int) throws -> PruneCount {
        let ended = try all(Self.endedJobs, [horizon.jobs.microseconds, limit]).map { $0["id"] as String }
        for job in ended {
            for table in ["job_predecessors", "job_secrets", "transfers"] {
                try run("DELETE FROM \(table) WHERE job = ?", [job])
            }
            try run("DELETE FROM jobs WHERE id = ?", [job])
            cache.jobs[try word(job, JobID.init)] = nil
        }
        try run(
            "DELETE FROM outbox WHERE number IN (\(Self.oldEvents))", [horizon.history.microseconds, limit])
        let events = database.changesCount
        try run(
            "DELETE FROM remembered_cancels WHERE (job, account) IN (\(Self.oldCancels))",
            [horizon.jobs.microseconds, limit])
        return PruneCount(jobs: ended.count, events: events, cancels: database.changesCount)
    }

    /// A waiting job would wait for ever for a predecessor that is forgotten; a transfer's bytes would lose their row.
    private static let endedJobs = """
        SELECT id FROM jobs
        WHERE state IN ('succeeded', 'failed', 'cancelled') AND json_extract(body, '$.endedAt') < ?
            AND NOT EXISTS (
                SELECT 1 FROM job_predecessors AS p JOIN jobs AS w ON w.id = p.job
                WHERE p.predecessor = jobs.id AND w.state IN ('queued', 'deferred', 'running', 'retrying'))
            AND NOT EXISTS (
                SELECT 1 FROM transfers AS t
                WHERE t.job = jobs.id AND t.state IN ('staging', 'committing', 'abandoned'))
        ORDER BY json_extract(body, '$.endedAt') LIMIT ?
        """

    private static let oldEvents = """
        SELECT number FROM outbox WHERE published_at < ? ORDER BY published_at LIMIT ?
        """

    private static let oldCancels = "SELECT job, account FROM remembered_cancels WHERE at < ? ORDER BY at LIMIT ?"
}
