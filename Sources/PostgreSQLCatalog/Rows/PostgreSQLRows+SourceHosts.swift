import Catalog
import ImageModel

extension PostgreSQLRows {
    private static let columns = "host, failures, rests, rest_until, probe_job, probe_fence, changed_at"

    func health(ofHost host: String) throws -> HostHealth? {
        // Of a host that is well nothing is locked: everybody fetches from it. Two first failures that come together may
        // count as one.
        try first("SELECT \(Self.columns) FROM source_hosts WHERE host = $1 \(locking())", [.text(host)]).map(health)
    }

    func restedHosts() throws -> [HostHealth] {
        let sql = "SELECT \(Self.columns) FROM source_hosts WHERE rest_until IS NOT NULL ORDER BY host"
        let rested = try all(sql).map(health)
        // Only one claim may let a probe through, so with a host at rest claims go one by one.
        guard !rested.isEmpty, try holdClaims() else { return rested }
        return try all(sql).map(health)
    }

    private func health(_ row: AnswerRow) throws -> HostHealth {
        var health = HostHealth(
            host: try row.text("host"), failures: Int(try row.integer("failures")),
            rests: Int(try row.integer("rests")),
            restUntil: try row.integerIfAny("rest_until").map(Timestamp.init(microseconds:)),
            changedAt: Timestamp(microseconds: try row.integer("changed_at")))
        if let job = try row.textIfAny("probe_job"), let fence = try row.integerIfAny("probe_fence") {
            health.probe = HostHealth.Probe(job: try RowCoding.word(job, JobID.init), fence: fence)
        }
        return health
    }

    func put(_ health: HostHealth) throws {
        let sql = """
            INSERT INTO source_hosts (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (host) DO UPDATE SET
                failures = excluded.failures, rests = excluded.rests, rest_until = excluded.rest_until,
                probe_job = excluded.probe_job, probe_fence = excluded.probe_fence, changed_at = excluded.changed_at
            """
        try write(
            sql,
            [
                .text(health.host), Parameter(health.failures), Parameter(health.rests),
                Parameter(health.restUntil?.microseconds), Parameter(health.probe?.job.rawValue),
                Parameter(health.probe?.fence), .integer(health.changedAt.microseconds),
            ])
    }

    func forgetHost(_ host: String) throws {
        try write("DELETE FROM source_hosts WHERE host = $1", [.text(host)])
    }

    func forgetHosts(unchangedSince moment: Timestamp) throws {
        let sql = """
            DELETE FROM source_hosts WHERE host IN (
                SELECT host FROM source_hosts WHERE changed_at < $1 FOR UPDATE SKIP LOCKED)
            """
        try write(sql, [.integer(moment.microseconds)])
    }
}
