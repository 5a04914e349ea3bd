import Catalog
import ImageModel

extension PostgreSQLRows {
    func hasClaimableJob(of kinds: Set<JobKind>, except held: HeldBack) throws -> Bool {
        let row = try first(
            Self.outlook,
            [
                .texts(kinds.map(\.rawValue).sorted()), Parameter(Job.newestVersion),
                .texts(held.owners.map { $0?.rawValue ?? "" }.sorted()), .texts(held.hosts.sorted()),
                .integer(now.microseconds),
            ])
        return try row?.flag("claimable") ?? false
    }

    /// The owners with due jobs are found by leaping from one to the next, as in a claim, so that one whose jobs are held
    /// back costs the same whether they are ten or a million. What has become due and nobody has noted yet is not looked
    /// at more closely: the first claim notes it.
    private static let outlook = """
        SELECT EXISTS (
            SELECT 1 FROM unnest($1::text[]) AS wanted (kind) CROSS JOIN LATERAL (
                WITH RECURSIVE ready AS (
                    (SELECT owner FROM jobs WHERE kind = wanted.kind AND state IN ('queued', 'retrying') AND ripe
                        ORDER BY owner LIMIT 1)
                    UNION ALL
                    SELECT (SELECT jobs.owner FROM jobs
                        WHERE kind = wanted.kind AND state IN ('queued', 'retrying') AND ripe
                            AND jobs.owner > ready.owner ORDER BY jobs.owner LIMIT 1)
                    FROM ready WHERE ready.owner IS NOT NULL
                )
                SELECT owner FROM ready WHERE owner IS NOT NULL AND owner <> ALL ($3::text[])
            ) AS ready CROSS JOIN LATERAL (
                SELECT 1 FROM jobs AS due
                WHERE due.kind = wanted.kind AND due.owner = ready.owner AND state IN ('queued', 'retrying') AND ripe
                    AND version <= $2 AND (source_host IS NULL OR source_host <> ALL ($4::text[]))
                LIMIT 1
            ) AS due
        ) OR EXISTS (
            SELECT 1 FROM jobs WHERE state IN ('queued', 'retrying') AND NOT ripe AND run_at <= $5
        ) OR EXISTS (
            SELECT 1 FROM jobs WHERE state = 'running' AND lease_until <= $5 AND version <= $2
        ) OR EXISTS (
            SELECT 1 FROM jobs WHERE state = 'deferred' AND run_at <= $5 AND version <= $2
        ) AS claimable
        """
}
