import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func hasClaimableJob(of kinds: Set<JobKind>, except held: HeldBack) throws -> Bool {
        let arguments: StatementArguments = [
            "kinds": try text(kinds.map(\.rawValue).sorted()), "version": Job.newestVersion,
            "owners": try text(held.owners.map { $0?.rawValue ?? "" }.sorted()),
            "hosts": try text(held.hosts.sorted()), "now": now.microseconds, "boot": clock.bootID,
            "sinceBoot": clock.sinceBoot,
        ]
        return try one(Self.outlook, arguments) ?? false
    }

    /// What has become due and nobody has noted yet is not looked at more closely: the first claim notes it.
    private static let outlook = """
        SELECT EXISTS (
            SELECT 1 FROM json_each(:kinds) CROSS JOIN turns AS turn
            WHERE turn.kind = json_each.value AND turn.ready > 0
                AND ifnull(turn.owner, '') NOT IN (SELECT value FROM json_each(:owners))
                AND EXISTS (
                    SELECT 1 FROM jobs AS due
                    WHERE due.state IN ('queued', 'retrying') AND due.ripe = 1
                        AND due.kind = turn.kind AND due.owner IS turn.owner AND due.version <= :version
                        AND ifnull(due.source_host, '') NOT IN (SELECT value FROM json_each(:hosts)))
        ) OR EXISTS (
            SELECT 1 FROM jobs INDEXED BY jobs_unripe
            WHERE state IN ('queued', 'retrying') AND ripe = 0 AND run_at <= :now
        ) OR EXISTS (
            SELECT 1 FROM jobs INDEXED BY jobs_running
            WHERE state = 'running' AND (lease_boot <> :boot OR lease_until <= :sinceBoot) AND version <= :version
        ) OR EXISTS (
            SELECT 1 FROM jobs INDEXED BY jobs_deferred
            WHERE state = 'deferred' AND run_at <= :now AND version <= :version
        )
        """
}
