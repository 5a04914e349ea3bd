import Catalog
import ImageModel

extension PostgreSQLRows {
    func jobLoad() throws -> [JobLoad] {
        // Waiting and running jobs have an index each; a condition over both would use neither.
        let sql = """
            SELECT load.unfinished, jobs.body FROM (
                SELECT count(*) AS unfinished, min(number) AS first FROM jobs
                WHERE state IN ('queued', 'deferred', 'retrying') GROUP BY kind, state
                UNION ALL
                SELECT count(*), min(number) FROM jobs WHERE state = 'running' GROUP BY kind
            ) AS load JOIN jobs ON jobs.number = load.first ORDER BY jobs.kind, jobs.state
            """
        return try all(sql).map { row in
            let oldest: Job = try RowCoding.value(from: row.text("body"))
            return JobLoad(
                kind: oldest.kind, state: oldest.state, count: Int(try row.integer("unfinished")),
                oldest: oldest.acceptedAt)
        }
    }

    func outboxLoad() throws -> OutboxLoad {
        let count = try first("SELECT count(*) AS waiting FROM outbox WHERE published_at IS NULL")?.integer("waiting")
        return OutboxLoad(count: Int(count ?? 0), oldest: try unpublished(limit: 1).first?.event.time)
    }
}
