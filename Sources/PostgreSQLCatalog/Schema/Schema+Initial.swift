extension Schema {
    /// 1: all tables.
    ///
    /// Names are compared byte by byte, as the program does (`COLLATE "C"`). No owner is the empty text, so that an
    /// index finds it. Rows that change often are stored with room beside them (`fillfactor`), which spares their indexes.
    static let initial = """
        CREATE TABLE catalog (id TEXT NOT NULL, version INTEGER NOT NULL, min_reader INTEGER NOT NULL);

        CREATE TABLE images (
            number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT COLLATE "C" NOT NULL UNIQUE,
            name TEXT NOT NULL, owner TEXT COLLATE "C" NOT NULL, profile TEXT, description TEXT NOT NULL,
            visibility TEXT NOT NULL, protected BOOLEAN NOT NULL, tags TEXT NOT NULL, properties TEXT NOT NULL,
            min_disk_gib BIGINT NOT NULL, min_ram_mib BIGINT NOT NULL, os TEXT NOT NULL,
            status TEXT NOT NULL, operation TEXT, revision BIGINT NOT NULL,
            content TEXT, quota_bytes BIGINT NOT NULL, origin TEXT, provenance TEXT,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
        ) WITH (fillfactor = 80);
        CREATE INDEX images_by_owner ON images (owner, number);
        CREATE INDEX images_counted ON images (owner) INCLUDE (quota_bytes)
            WHERE status IN ('queued', 'importing', 'active', 'pending_delete', 'deleting');

        CREATE TABLE replicas (
            image TEXT COLLATE "C" NOT NULL REFERENCES images (id), store TEXT COLLATE "C" NOT NULL,
            state TEXT NOT NULL, object_key TEXT COLLATE "C", url TEXT,
            PRIMARY KEY (image, store)
        );
        CREATE INDEX replicas_by_object ON replicas (store, object_key);

        CREATE TABLE members (
            image TEXT COLLATE "C" NOT NULL REFERENCES images (id), account TEXT COLLATE "C" NOT NULL,
            status TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
            PRIMARY KEY (image, account)
        );
        CREATE INDEX members_by_account ON members (account, status);
        \(jobs)
        \(outbox)
        """

    private static let jobs = """
        CREATE TABLE jobs (
            number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT COLLATE "C" NOT NULL UNIQUE,
            version INTEGER NOT NULL, kind TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL,
            priority INTEGER NOT NULL, owner TEXT COLLATE "C" NOT NULL,
            image TEXT COLLATE "C", target TEXT COLLATE "C", source_host TEXT COLLATE "C",
            run_at BIGINT NOT NULL, ripe BOOLEAN NOT NULL, fence BIGINT NOT NULL, lease_until BIGINT,
            has_predecessors BOOLEAN NOT NULL, reserved_bytes BIGINT NOT NULL, ended_at BIGINT,
            canonical TEXT NOT NULL, reply_to TEXT, correlation_id TEXT,
            body TEXT NOT NULL
        ) WITH (fillfactor = 70);
        CREATE INDEX jobs_next ON jobs (kind, owner, priority DESC, number)
            WHERE state IN ('queued', 'retrying') AND ripe;
        CREATE INDEX jobs_unripe ON jobs (run_at) WHERE state IN ('queued', 'retrying') AND NOT ripe;
        CREATE INDEX jobs_waiting ON jobs (kind, state, number) WHERE state IN ('queued', 'deferred', 'retrying');
        CREATE INDEX jobs_to_come ON jobs (run_at) WHERE state IN ('queued', 'deferred', 'retrying');
        CREATE INDEX jobs_deferred ON jobs (run_at, number) WHERE state = 'deferred';
        CREATE INDEX jobs_following ON jobs (number) INCLUDE (kind) WHERE state = 'deferred' AND has_predecessors;
        CREATE INDEX jobs_running ON jobs (kind, owner) INCLUDE (source_host, number)
            WHERE state = 'running';
        CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
        CREATE INDEX jobs_of_image ON jobs (image, number);
        CREATE INDEX jobs_on_target ON jobs (target, number)
            WHERE state IN ('queued', 'deferred', 'running', 'retrying');
        CREATE INDEX jobs_reserving ON jobs (owner) INCLUDE (reserved_bytes) WHERE reserved_bytes > 0;
        CREATE INDEX jobs_ended ON jobs (ended_at) WHERE state IN ('succeeded', 'failed', 'cancelled');

        CREATE TABLE job_predecessors (
            predecessor TEXT COLLATE "C" NOT NULL, job TEXT COLLATE "C" NOT NULL REFERENCES jobs (id),
            PRIMARY KEY (predecessor, job)
        );
        CREATE INDEX predecessors_of_job ON job_predecessors (job);

        CREATE TABLE job_secrets (
            job TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES jobs (id), source_query TEXT NOT NULL
        );

        CREATE TABLE remembered_cancels (
            job TEXT COLLATE "C" NOT NULL, account TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL,
            PRIMARY KEY (job, account)
        );
        CREATE INDEX remembered_cancels_at ON remembered_cancels (at);

        CREATE TABLE turns (
            number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind TEXT COLLATE "C" NOT NULL, owner TEXT COLLATE "C" NOT NULL, served BOOLEAN NOT NULL
        );
        CREATE INDEX turns_of_owner ON turns (kind, owner, number DESC) INCLUDE (served);

        CREATE TABLE source_hosts (
            host TEXT COLLATE "C" NOT NULL PRIMARY KEY, failures INTEGER NOT NULL, rests INTEGER NOT NULL,
            rest_until BIGINT, probe_job TEXT, probe_fence BIGINT, changed_at BIGINT NOT NULL
        );
        CREATE INDEX source_hosts_rested ON source_hosts (host) WHERE rest_until IS NOT NULL;
        CREATE INDEX source_hosts_changed ON source_hosts (changed_at);
        """

    private static let outbox = """
        CREATE TABLE transfers (
            number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT COLLATE "C" NOT NULL UNIQUE, job TEXT COLLATE "C" NOT NULL, image TEXT COLLATE "C" NOT NULL,
            store TEXT COLLATE "C" NOT NULL, state TEXT NOT NULL, result TEXT, checkpoint TEXT,
            reserved BIGINT NOT NULL, written BIGINT NOT NULL, created_at BIGINT NOT NULL
        ) WITH (fillfactor = 70);
        CREATE INDEX transfers_of_job ON transfers (job, number);
        CREATE INDEX transfers_promised ON transfers (store) WHERE state IN ('staging', 'committing');
        CREATE INDEX transfers_abandoned ON transfers (number) WHERE state = 'abandoned';
        CREATE INDEX transfers_unsettled ON transfers (id) WHERE state IN ('staging', 'committing', 'abandoned');

        CREATE TABLE released_space (
            store TEXT COLLATE "C" NOT NULL, part INTEGER NOT NULL, bytes BIGINT NOT NULL, PRIMARY KEY (store, part)
        ) WITH (fillfactor = 50);

        CREATE TABLE sequences (image TEXT COLLATE "C" NOT NULL PRIMARY KEY, last BIGINT NOT NULL)
            WITH (fillfactor = 70);

        CREATE TABLE outbox (
            number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            event_id TEXT NOT NULL, image TEXT COLLATE "C", job TEXT COLLATE "C", phase TEXT, sequence BIGINT,
            destination TEXT, happened_at BIGINT NOT NULL, event TEXT NOT NULL,
            published_at BIGINT, unrouted BOOLEAN NOT NULL DEFAULT false
        ) WITH (fillfactor = 90);
        CREATE INDEX outbox_waiting ON outbox (number) WHERE published_at IS NULL;
        CREATE INDEX outbox_by_image ON outbox (image, sequence) WHERE destination IS NULL;
        CREATE INDEX outbox_by_job ON outbox (job, number) WHERE phase IS NOT NULL;
        CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

        CREATE TABLE roles (
            role TEXT COLLATE "C" NOT NULL PRIMARY KEY, worker TEXT NOT NULL, until BIGINT NOT NULL
        );

        CREATE TABLE commit_marks (
            session TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (session, number)
        );
        """
}
