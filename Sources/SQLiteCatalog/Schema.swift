import Catalog
import GRDB
import ImageModel

/// The tables, as numbered steps that are only ever added to.
///
/// A step may add what old workers do not know of (expand); what they need is taken away a release later (contract), by
/// a step that raises `min_reader`. A worker refuses a file whose `min_reader` is above the steps it knows.
enum Schema {
    /// Applies the missing steps in one transaction; workers that start together wait for each other.
    static func migrate(_ pool: DatabasePool) throws {
        try pool.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                let applied = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                try requireOwn(database, isEmpty: applied == 0)
                if applied == 0 { try database.execute(sql: "PRAGMA application_id = \(applicationID)") }
                if applied > steps.count { try requireReadable(database) }
                for step in steps.dropFirst(applied) { try database.execute(sql: step) }
                if applied == 0 {
                    try database.execute(
                        sql: "INSERT INTO catalog (id, min_reader) VALUES (lower(hex(randomblob(16))), 1)")
                }
                try database.execute(sql: "PRAGMA user_version = \(max(applied, steps.count))")
                return .commit
            }
        }
    }

    /// Checks that nothing is missing, and changes nothing.
    static func requireCurrent(_ pool: DatabasePool) throws {
        try pool.read { database in
            let applied = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            try requireOwn(database, isEmpty: applied == 0)
            if applied > steps.count { try requireReadable(database) }
            guard applied >= steps.count else { throw CatalogError(schema: applied, needed: steps.count) }
        }
    }

    /// Refuses a file that another program made, and leaves it as it is.
    ///
    /// A file that has to be recovered before anybody reads it is let pass: ``migrate(_:)`` looks again.
    static func requireOwn(_ path: String, _ configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { database in
                let applied = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                try requireOwn(database, isEmpty: applied == 0)
            }
            try queue.close()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {}
    }

    /// Refuses a database that another program made.
    private static func requireOwn(_ database: Database, isEmpty: Bool) throws {
        let owner = try Int.fetchOne(database, sql: "PRAGMA application_id")
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard isEmpty ? tables == 0 : owner == applicationID else {
            throw CatalogError(.unusable, "the database belongs to another program")
        }
    }

    /// "Lshr" in ASCII (https://www.sqlite.org/fileformat.html#application_id).
    private static let applicationID = 0x4C73_6872

    private static func requireReadable(_ database: Database) throws {
        let minimum = try Int.fetchOne(database, sql: "SELECT min_reader FROM catalog") ?? 1
        guard minimum <= steps.count else {
            throw CatalogError(
                .unusable, "the catalog needs a program that knows schema \(minimum); this one knows \(steps.count)")
        }
    }

    static let steps = [
        initial, checkpoints, retention, followers, space, provenance, fairness, replicaDates, stores, hostClock, lists,
    ]

    /// 2: how far a transfer's bytes are durable. Who does not know of it begins the transfer again.
    private static let checkpoints = """
        ALTER TABLE transfers ADD COLUMN checkpoint TEXT;
        CREATE INDEX transfers_abandoned ON transfers (state, number) WHERE state = 'abandoned';
        """

    /// 4: what the intake gate counts.
    private static let followers = """
        CREATE INDEX jobs_following ON jobs (kind, state, has_predecessors)
            WHERE state = 'deferred' AND has_predecessors;
        """

    /// 6: where an image came from and who touched it, which some vendors' documents show.
    private static let provenance = "ALTER TABLE images ADD COLUMN provenance TEXT"

    /// 8: when each replica came, which some vendors' documents show.
    private static let replicaDates = """
        ALTER TABLE replicas ADD COLUMN created_at INTEGER;
        ALTER TABLE replicas ADD COLUMN updated_at INTEGER;
        """

    /// 10: how far the time of day was ahead of the time since boot, so that a step of the clock is noticed.
    private static let hostClock = "CREATE TABLE host_clock (boot TEXT NOT NULL, ahead INTEGER NOT NULL) STRICT"

    /// 11: what lists are filtered by. The target of most jobs is their image, which has an index of its own.
    private static let lists = """
        CREATE INDEX IF NOT EXISTS images_by_status ON images (status, number);
        CREATE INDEX IF NOT EXISTS jobs_of_target ON jobs (target, number) WHERE image IS NOT target;
        """

    private static let initial = """
        CREATE TABLE catalog (id TEXT NOT NULL, min_reader INTEGER NOT NULL) STRICT;

        CREATE TABLE images (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL, owner TEXT, profile TEXT, description TEXT NOT NULL,
            visibility TEXT NOT NULL, protected INTEGER NOT NULL,
            min_disk_gib INTEGER NOT NULL, min_ram_mib INTEGER NOT NULL, os TEXT NOT NULL,
            status TEXT NOT NULL, operation TEXT, revision INTEGER NOT NULL,
            content TEXT, origin TEXT,
            created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX images_by_owner ON images (owner, number);

        CREATE TABLE image_properties (
            image TEXT NOT NULL REFERENCES images (id), key TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (image, key)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE image_tags (
            image TEXT NOT NULL REFERENCES images (id), position INTEGER NOT NULL, tag TEXT NOT NULL,
            PRIMARY KEY (image, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE replicas (
            image TEXT NOT NULL REFERENCES images (id), store TEXT NOT NULL,
            state TEXT NOT NULL, object_key TEXT, url TEXT,
            PRIMARY KEY (image, store)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE members (
            image TEXT NOT NULL REFERENCES images (id), account TEXT NOT NULL,
            status TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
            PRIMARY KEY (image, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX members_by_account ON members (account, status);

        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            version INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL,
            owner TEXT, image TEXT, target TEXT, run_at INTEGER NOT NULL, fence INTEGER NOT NULL,
            has_predecessors INTEGER NOT NULL,
            lease_boot TEXT, lease_until INTEGER,
            canonical TEXT NOT NULL, reply_to TEXT, correlation_id TEXT,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX jobs_due ON jobs (kind, priority DESC, number, run_at, version, state)
            WHERE state IN ('queued', 'retrying');
        CREATE INDEX jobs_waiting ON jobs (run_at, kind, state) WHERE state IN ('queued', 'deferred', 'retrying');
        CREATE INDEX jobs_deferred ON jobs (run_at) WHERE state = 'deferred';
        CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
        CREATE INDEX jobs_of_image ON jobs (image, number);
        CREATE INDEX jobs_on_target ON jobs (target, number)
            WHERE state IN ('queued', 'deferred', 'running', 'retrying');

        CREATE TABLE job_predecessors (
            predecessor TEXT NOT NULL, job TEXT NOT NULL REFERENCES jobs (id),
            PRIMARY KEY (predecessor, job)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE job_secrets (
            job TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id), source_query TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE remembered_cancels (
            job TEXT NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (job, account)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE transfers (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE, job TEXT NOT NULL, image TEXT NOT NULL, store TEXT NOT NULL,
            state TEXT NOT NULL, result TEXT, created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX transfers_open ON transfers (job) WHERE state IN ('staging', 'committing');

        CREATE TABLE sequences (image TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            event_id TEXT NOT NULL, image TEXT, job TEXT, phase TEXT, sequence INTEGER,
            destination TEXT, event TEXT NOT NULL,
            published_at INTEGER, unrouted INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX outbox_waiting ON outbox (number) WHERE published_at IS NULL;
        CREATE INDEX outbox_by_image ON outbox (image, sequence) WHERE destination IS NULL;
        CREATE INDEX outbox_by_job ON outbox (job, number) WHERE phase IS NOT NULL;

        CREATE TABLE roles (
            role TEXT NOT NULL PRIMARY KEY, worker TEXT NOT NULL, boot TEXT NOT NULL, until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
