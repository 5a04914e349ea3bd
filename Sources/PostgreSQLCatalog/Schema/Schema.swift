import Catalog
import ImageModel

/// The tables, as numbered steps that are only ever added to.
///
/// A step may add what old workers do not know of (expand); what they need is taken away a release later (contract), by
/// a step that raises `min_reader`. A worker refuses a schema whose `min_reader` is above the steps it knows. Old workers
/// go on while a step runs: it waits for its locks no longer than ``lockTimeout``, and then lets them through and tries
/// again.
enum Schema {
    /// Brings the schema up to date and returns the id of its catalog.
    static func prepare(_ session: Session) throws -> CatalogID {
        let begun = ServerClock.now
        while true {
            do {
                try session.open()
                return try migrate(session)
            } catch let error as ServerError
                where error.isWorthAnotherRun && session.isOpen && ServerClock.now - begun < patience
            {
                try session.execute("ROLLBACK")
            } catch {
                session.close()
                throw named(error)
            }
        }
    }

    /// The id of the catalog, when nothing is missing; changes nothing.
    static func requireCurrent(_ session: Session) throws -> CatalogID {
        let applied = try applied(session, name(session))
        guard applied >= steps.count else { throw CatalogError(schema: applied, needed: steps.count) }
        return try catalog(session)
    }

    /// How long a start waits for another worker's migration, or for locks.
    private static let patience: Int64 = 60_000_000

    /// How long a step may keep others from a table that it waits for.
    private static let lockTimeout = "3s"

    /// Applies the missing steps, each in a transaction; workers that start together wait for each other.
    private static func migrate(_ session: Session) throws -> CatalogID {
        let schema = try name(session)
        while true {
            try session.execute(
                "BEGIN; SET LOCAL lock_timeout = '\(lockTimeout)'; SET LOCAL statement_timeout = '10min'")
            // Most starts find nothing to do and wait for nobody.
            var applied = try applied(session, schema)
            if applied < steps.count {
                try session.execute("SELECT pg_advisory_xact_lock(\(migrationLock), hashtext(current_schema()))")
                applied = try Self.applied(session, schema)
            }
            guard applied < steps.count else {
                let id = try catalog(session)
                try session.execute("COMMIT")
                return id
            }
            try session.execute(steps[applied])
            if applied == 0 {
                try session.execute(
                    """
                    INSERT INTO catalog (id, version, min_reader)
                    VALUES (replace(gen_random_uuid()::text, '-', ''), 0, 1)
                    """)
            }
            try session.execute("UPDATE catalog SET version = \(applied + 1); COMMIT")
        }
    }

    /// The schema that a connection finds first.
    private static func name(_ session: Session) throws -> String {
        guard let name = try session.execute("SELECT current_schema() AS name").rows.first?.textIfAny("name") else {
            throw CatalogError(.unusable, "the search_path of this user names no schema that is there")
        }
        return name
    }

    /// "Lshr" in ASCII.
    private static let migrationLock = 0x4C73_6872

    /// How many steps the schema has; refuses one that holds another program's tables.
    private static func applied(_ session: Session, _ schema: String) throws -> Int {
        let found = try session.run(
            """
            SELECT count(*) FILTER (WHERE table_name IN ('images', 'jobs', 'catalog', 'outbox')) AS tables,
                (SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema()
                    AND table_name = 'catalog' AND column_name = 'min_reader') AS ours
            FROM information_schema.tables WHERE table_schema = current_schema()
            """
        ).rows.first
        let tables = try found?.integer("tables") ?? 0
        guard try found?.integer("ours") == 1 else {
            guard tables == 0 else {
                throw CatalogError(.unusable, "the schema \(schema) holds the tables of another program")
            }
            return 0
        }
        return Int(try session.execute("SELECT version FROM catalog").rows.first?.integer("version") ?? 0)
    }

    private static func catalog(_ session: Session) throws -> CatalogID {
        guard let row = try session.execute("SELECT id, min_reader FROM catalog").rows.first,
            let id = CatalogID(try row.text("id"))
        else { throw CatalogError(.corrupt, "the catalog has no id") }
        let minimum = try row.integer("min_reader")
        guard minimum <= steps.count else {
            throw CatalogError(
                .unusable, "the catalog needs a program that knows schema \(minimum); this one knows \(steps.count)")
        }
        return id
    }

    /// Says which rights are missing for what.
    private static func named(_ error: any Error) -> any Error {
        guard let error = error as? ServerError, error.state == "42501" else { return error }
        return CatalogError(
            .unusable, "this user lacks rights that a worker needs to keep the schema up to date: \(error.message)")
    }

    static let steps = [initial, load, replicaDates, loadWithoutWorkers, stores, lists]

    /// 2: what an autoscaler asks for. Running work is part of it, so that it never counts as idle.
    private static let load = """
        CREATE VIEW longshore_load AS
            SELECT kind,
                count(*) FILTER (WHERE state IN ('queued', 'retrying') AND ripe) AS ready,
                count(*) FILTER (WHERE state <> 'running') AS waiting,
                count(*) FILTER (WHERE state = 'running') AS running
            FROM jobs WHERE state IN ('queued', 'deferred', 'running', 'retrying') GROUP BY kind
        """

    /// 3: when each replica came, which some vendors' documents show.
    private static let replicaDates = """
        ALTER TABLE replicas ADD COLUMN IF NOT EXISTS created_at BIGINT, ADD COLUMN IF NOT EXISTS updated_at BIGINT
        """

    /// 4: what is due counts as ready also while there is no worker to notice that its time has come, and events that
    /// nobody has sent yet are work too.
    private static let loadWithoutWorkers = """
        CREATE OR REPLACE VIEW longshore_load AS
            SELECT kind,
                count(*) FILTER (WHERE state IN ('queued', 'retrying')
                    AND (ripe OR run_at <= extract(epoch FROM clock_timestamp()) * 1000000)) AS ready,
                count(*) FILTER (WHERE state <> 'running') AS waiting,
                count(*) FILTER (WHERE state = 'running') AS running
            FROM jobs WHERE state IN ('queued', 'deferred', 'running', 'retrying') GROUP BY kind;
        CREATE OR REPLACE VIEW longshore_unsent AS SELECT count(*) AS entries FROM outbox WHERE published_at IS NULL
        """

    /// 5: which place each store is. Who does not know of it adopts whatever it finds.
    private static let stores = """
        CREATE TABLE IF NOT EXISTS stores (
            name TEXT COLLATE "C" NOT NULL PRIMARY KEY, identity TEXT NOT NULL, adopted_at BIGINT NOT NULL
        )
        """

    /// 6: what lists are filtered by. The target of most jobs is their image, which has an index of its own.
    private static let lists = """
        CREATE INDEX IF NOT EXISTS images_by_status ON images (status, number);
        CREATE INDEX IF NOT EXISTS jobs_of_target ON jobs (target, number) WHERE image IS DISTINCT FROM target
        """
}
