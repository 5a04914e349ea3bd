import Catalog
import ImageModel

extension PostgreSQLRows {
    /// What has been due once stays so, whatever becomes of the server's clock.
    func nextDueJob(_ kind: JobKind, except held: HeldBack) throws -> Job? {
        guard try dueKinds().contains(kind) else { return nil }
        let row = try first(
            Self.next,
            [
                .text(kind.rawValue), Parameter(Job.newestVersion),
                .texts(held.owners.map { $0?.rawValue ?? "" }.sorted()), .texts(held.hosts.sorted()),
            ])
        return try row.map(locked)
    }

    /// The kinds with due jobs, held back or not; asked once for a transaction, because most claims find one kind or none.
    ///
    /// Time alone changes no row, so claims note first what has become due.
    private func dueKinds() throws -> Set<JobKind> {
        if let known = memory.dueKinds { return known }
        let names = [Parameter.texts(JobKind.allCases.map(\.rawValue)), .integer(now.microseconds)]
        var row = try first(Self.due, names)
        if try row?.flag("is_unripe") == true {
            try ripenJobs()
            row = try first(Self.due, names)
        }
        let kinds = try row?.text("kinds").split(separator: ",").compactMap { JobKind(rawValue: String($0)) } ?? []
        memory.dueKinds = Set(kinds)
        return Set(kinds)
    }

    private static let due = """
        SELECT array_to_string(ARRAY(
            SELECT kind FROM unnest($1::text[]) AS known (kind) WHERE EXISTS (
                SELECT 1 FROM jobs WHERE kind = known.kind AND state IN ('queued', 'retrying') AND ripe)
        ), ',') AS kinds, EXISTS (
            SELECT 1 FROM jobs WHERE state IN ('queued', 'retrying') AND NOT ripe AND run_at <= $2
        ) AS is_unripe
        """

    private func ripenJobs() throws {
        let sql = """
            UPDATE jobs SET ripe = true WHERE number IN (
                SELECT number FROM jobs WHERE state IN ('queued', 'retrying') AND NOT ripe AND run_at <= $1
                FOR UPDATE SKIP LOCKED)
            """
        try write(sql, [.integer(now.microseconds)])
    }

    /// The owners that have due jobs are found by leaping from one to the next in the index `jobs_next`. They are walked
    /// through in the order of their turns; the first one with a job that fits, and that nobody else is taking, is the
    /// last one looked at.
    private static let next = """
        WITH RECURSIVE ready AS (
            (SELECT owner FROM jobs WHERE kind = $1 AND state IN ('queued', 'retrying') AND ripe
                ORDER BY owner LIMIT 1)
            UNION ALL
            SELECT (SELECT jobs.owner FROM jobs WHERE kind = $1 AND state IN ('queued', 'retrying') AND ripe
                AND jobs.owner > ready.owner ORDER BY jobs.owner LIMIT 1)
            FROM ready WHERE ready.owner IS NOT NULL
        ), line AS MATERIALIZED (
            SELECT ready.owner FROM ready
                LEFT JOIN LATERAL (
                    SELECT served, number FROM turns WHERE kind = $1 AND turns.owner = ready.owner
                    ORDER BY number DESC LIMIT 1
                ) AS turn ON true
                LEFT JOIN (
                    SELECT owner, count(*) AS jobs FROM jobs WHERE state = 'running' AND kind = $1 GROUP BY owner
                ) AS running ON running.owner = ready.owner
            WHERE ready.owner IS NOT NULL AND ready.owner <> ALL ($3::text[])
            ORDER BY coalesce(running.jobs, 0), coalesce(turn.served, false), turn.number
        )
        SELECT next.body FROM line CROSS JOIN LATERAL (
            SELECT body FROM jobs AS due
            WHERE kind = $1 AND due.owner = line.owner AND state IN ('queued', 'retrying') AND ripe
                AND version <= $2
                AND (source_host IS NULL OR source_host <> ALL ($4::text[]))
            ORDER BY priority DESC, due.number LIMIT 1 FOR UPDATE SKIP LOCKED
        ) AS next LIMIT 1
        """

    func noteServed(_ owner: AccountID?, _ kind: JobKind) throws {
        // A new row and not a new number in the old one: claims for the same owner need not wait for each other.
        let sql = """
            WITH past AS (
                DELETE FROM turns WHERE number IN (
                    SELECT number FROM turns WHERE kind = $1 AND owner = $2 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO turns (kind, owner, served) VALUES ($1, $2, true)
            """
        try write(sql, [.text(kind.rawValue), .text(owner?.rawValue ?? "")])
    }

    func runningByOwner() throws -> [AccountID?: Int] {
        try holdClaims()
        let sql = """
            SELECT owner, count(*) AS jobs FROM jobs WHERE state = 'running' AND kind <> 'cancel' GROUP BY owner
            """
        return try all(sql).reduce(into: [:]) { $0[AccountID(try $1.text("owner"))] = Int(try $1.integer("jobs")) }
    }

    func runningBySourceHost() throws -> [String: Int] {
        try holdClaims()
        let sql = """
            SELECT source_host, count(*) AS jobs FROM jobs
            WHERE state = 'running' AND source_host IS NOT NULL GROUP BY source_host
            """
        return try all(sql).reduce(into: [:]) { $0[try $1.text("source_host")] = Int(try $1.integer("jobs")) }
    }

    func usage(of owner: AccountID?) throws -> OwnerUsage {
        let owner = owner?.rawValue ?? ""
        try holdQuota(of: owner)
        // One statement sees one moment: bytes that pass from a job to its image count on one side or the other.
        let sql = """
            SELECT count(*) AS images, coalesce(sum(quota_bytes), 0)::bigint AS bytes, (
                SELECT coalesce(sum(reserved_bytes), 0)::bigint FROM jobs WHERE owner = $1 AND reserved_bytes > 0
            ) AS reserved
            FROM images
            WHERE owner = $1 AND status IN ('queued', 'importing', 'active', 'pending_delete', 'deleting')
            """
        guard let row = try first(sql, [.text(owner)]) else { return OwnerUsage() }
        return OwnerUsage(
            images: Int(try row.integer("images")), bytes: try row.integer("bytes"),
            reservedBytes: try row.integer("reserved"))
    }
}
