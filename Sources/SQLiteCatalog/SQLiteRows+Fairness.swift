import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    /// What has been due once stays so, whatever becomes of the clock.
    func nextDueJob(_ kind: JobKind, except held: HeldBack) throws -> Job? {
        try run(
            """
            UPDATE jobs SET ripe = 1 WHERE state IN ('queued', 'retrying') AND ripe = 0 AND run_at <= ?
            """, [now.microseconds])
        let owners = held.owners.map { $0?.rawValue ?? "" }.sorted()
        // The owners are walked through in the order of their turns; the first one with a job that fits is the last
        // one looked at.
        let sql = """
            SELECT body FROM turns AS turn CROSS JOIN jobs ON jobs.number = (
                SELECT number FROM jobs AS due
                WHERE due.state IN ('queued', 'retrying') AND due.ripe = 1
                    AND due.kind = turn.kind AND due.owner IS turn.owner
                    AND due.version <= :version
                    \(held.hosts.isEmpty ? "" : Self.exceptHosts)
                ORDER BY due.priority DESC, due.number LIMIT 1
            )
            WHERE turn.kind = :kind AND turn.ready > 0 \(owners.isEmpty ? "" : Self.exceptOwners)
            ORDER BY turn.running, turn.served, turn.number LIMIT 1
            """
        var arguments: StatementArguments = [
            "kind": kind.rawValue, "version": Job.newestVersion,
        ]
        if !held.hosts.isEmpty { arguments += ["hosts": try text(held.hosts.sorted())] }
        if !owners.isEmpty { arguments += ["owners": try text(owners)] }
        let body: String? = try one(sql, arguments)
        return try body.map { try value(from: $0) }
    }

    private static let exceptHosts = """
        AND ifnull(due.source_host, '') NOT IN (SELECT value FROM json_each(:hosts))
        """
    private static let exceptOwners = "AND ifnull(turn.owner, '') NOT IN (SELECT value FROM json_each(:owners))"

    func noteServed(_ owner: AccountID?, _ kind: JobKind) throws {
        let sql = """
            UPDATE turns SET served = 1 + (SELECT max(served) FROM turns WHERE kind = :kind)
            WHERE kind = :kind AND owner IS :owner
            """
        try run(sql, ["kind": kind.rawValue, "owner": owner?.rawValue])
    }

    func runningByOwner() throws -> [AccountID?: Int] {
        let sql = "SELECT owner, sum(running) AS jobs FROM turns WHERE running > 0 GROUP BY owner"
        return try all(sql, []).reduce(into: [:]) { running, row in
            let owner: String? = row["owner"]
            running[owner.flatMap(AccountID.init)] = row["jobs"]
        }
    }

    func runningBySourceHost() throws -> [String: Int] {
        let sql = """
            SELECT source_host, count(*) AS jobs FROM jobs
            WHERE state = 'running' AND source_host IS NOT NULL GROUP BY source_host
            """
        return try all(sql, []).reduce(into: [:]) { $0[$1["source_host"]] = $1["jobs"] }
    }

    func usage(of owner: AccountID?) throws -> OwnerUsage {
        let images = try first(
            """
            SELECT count(*) AS images, ifnull(sum(quota_bytes), 0) AS bytes FROM images
            WHERE owner IS ? AND status IN ('queued', 'importing', 'active', 'pending_delete', 'deleting')
            """, [owner?.rawValue])
        let reserved: Int64? = try one(
            "SELECT sum(reserved_bytes) FROM jobs WHERE owner IS ? AND reserved_bytes > 0",
            [owner?.rawValue])
        return OwnerUsage(
            images: images?["images"] ?? 0, bytes: images?["bytes"] ?? 0, reservedBytes: reserved ?? 0)
    }
}

// MARK: - Source hosts

extension SQLiteRows {
    func health(ofHost host: String) throws -> HostHealth? {
        try first("SELECT * FROM source_hosts WHERE host = ?", [host]).map(health)
    }

    func restedHosts() throws -> [HostHealth] {
        try all("SELECT * FROM source_hosts WHERE rest_until IS NOT NULL ORDER BY host", []).map(health)
    }

    private func health(_ row: Row) throws -> HostHealth {
        let restUntil: Int64? = row["rest_until"]
        let job: String? = row["probe_job"]
        let fence: Int64? = row["probe_fence"]
        var health = HostHealth(
            host: row["host"], failures: row["failures"], rests: row["rests"],
            restUntil: restUntil.map(Timestamp.init(microseconds:)),
            changedAt: Timestamp(microseconds: row["changed_at"]))
        if let job, let fence { health.probe = HostHealth.Probe(job: try word(job, JobID.init), fence: fence) }
        return health
    }

    func put(_ health: HostHealth) throws {
        let sql = """
            INSERT OR REPLACE INTO source_hosts (
                host, failures, rests, rest_until, probe_job, probe_fence, changed_at
            ) VALUES (?, ?, ?, ?, ?, ?, ?)
            """
        try run(
            sql,
            [
                health.host, health.failures, health.rests, health.restUntil?.microseconds,
                health.probe?.job.rawValue, health.probe?.fence, health.changedAt.microseconds,
            ])
    }

    func forgetHost(_ host: String) throws {
        try run("DELETE FROM source_hosts WHERE host = ?", [host])
    }

    func forgetHosts(unchangedSince moment: Timestamp) throws {
        try run("DELETE FROM source_hosts WHERE changed_at < ?", [moment.microseconds])
    }
}
