import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func jobLoad() throws -> [JobLoad] {
        // Waiting and running jobs have an index each; a condition over both would use neither.
        let sql = """
            SELECT load.unfinished, jobs.body FROM (
                SELECT count(*) AS unfinished, min(number) AS first FROM jobs INDEXED BY jobs_waiting
                WHERE state IN ('queued', 'deferred', 'retrying') GROUP BY kind, state
                UNION ALL
                SELECT count(*), min(number) FROM jobs INDEXED BY jobs_running WHERE state = 'running' GROUP BY kind
            ) AS load JOIN jobs ON jobs.number = load.first ORDER BY jobs.kind, jobs.state
            """
        return try all(sql, []).map { row in
            let oldest: Job = try value(from: row["body"])
            return JobLoad(
                kind: oldest.kind, state: oldest.state, count: row["unfinished"], oldest: oldest.acceptedAt)
        }
    }

    func outboxLoad() throws -> OutboxLoad {
        let count: Int? = try one("SELECT count(*) FROM outbox WHERE published_at IS NULL", [])
        return OutboxLoad(count: count ?? 0, oldest: try unpublished(limit: 1).first?.event.time)
    }
}
