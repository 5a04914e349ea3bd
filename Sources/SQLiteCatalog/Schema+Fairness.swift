extension Schema {
    /// 7: whose turn it is, what counts against limits, and which source hosts rest.
    ///
    /// `turns` holds one row for each kind and owner. Triggers keep its counts, so that they are right whoever writes a
    /// job: `ready` are the due jobs, `running` the running ones. A job is `ripe` once it was seen to be due; time
    /// alone moves no trigger, so claims ripen jobs first.
    static let fairness = """
        ALTER TABLE jobs ADD COLUMN source_host TEXT;
        ALTER TABLE jobs ADD COLUMN reserved_bytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN ripe INTEGER NOT NULL DEFAULT 0;
        DROP INDEX jobs_due;
        CREATE INDEX jobs_next ON jobs (
            kind, owner, priority DESC, number, source_host, version, run_at, state, ripe
        ) WHERE state IN ('queued', 'retrying') AND ripe = 1;
        CREATE INDEX jobs_unripe ON jobs (run_at, state, ripe)
            WHERE state IN ('queued', 'retrying') AND ripe = 0;
        CREATE INDEX jobs_fetching ON jobs (source_host, state) WHERE state = 'running' AND source_host IS NOT NULL;
        CREATE INDEX jobs_reserving ON jobs (owner, reserved_bytes) WHERE reserved_bytes > 0;

        ALTER TABLE images ADD COLUMN quota_bytes INTEGER NOT NULL DEFAULT 0;
        UPDATE images SET quota_bytes = ifnull(json_extract(content, '$.size'), 0)
            * (SELECT count(*) FROM replicas WHERE image = images.id AND state <> 'pending');
        CREATE INDEX images_counted ON images (owner, status, quota_bytes)
            WHERE status IN ('queued', 'importing', 'active', 'pending_delete', 'deleting');

        CREATE TABLE turns (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL, owner TEXT,
            ready INTEGER NOT NULL DEFAULT 0, running INTEGER NOT NULL DEFAULT 0, served INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX turns_of_owner ON turns (kind, owner);
        CREATE INDEX turns_next ON turns (kind, running, served, number, owner) WHERE ready > 0;
        CREATE INDEX turns_served ON turns (kind, served);
        CREATE INDEX turns_running ON turns (owner, running) WHERE running > 0;
        INSERT INTO turns (kind, owner, running)
            SELECT kind, owner, sum(state = 'running') FROM jobs
            WHERE kind <> 'cancel' GROUP BY 1, 2 ORDER BY min(number);

        CREATE TRIGGER turns_on_insert AFTER INSERT ON jobs WHEN NEW.kind <> 'cancel' BEGIN
            INSERT INTO turns (kind, owner) SELECT NEW.kind, NEW.owner
            WHERE NOT EXISTS (SELECT 1 FROM turns WHERE kind = NEW.kind AND owner IS NEW.owner);
            UPDATE turns SET
                ready = ready + (NEW.ripe = 1 AND NEW.state IN ('queued', 'retrying')),
                running = running + (NEW.state = 'running')
            WHERE kind = NEW.kind AND owner IS NEW.owner;
        END;
        CREATE TRIGGER turns_on_update AFTER UPDATE OF state, ripe ON jobs
        WHEN NEW.kind <> 'cancel' AND (NEW.state <> OLD.state OR NEW.ripe <> OLD.ripe) BEGIN
            UPDATE turns SET
                ready = ready + (NEW.ripe = 1 AND NEW.state IN ('queued', 'retrying'))
                    - (OLD.ripe = 1 AND OLD.state IN ('queued', 'retrying')),
                running = running + (NEW.state = 'running') - (OLD.state = 'running')
            WHERE kind = NEW.kind AND owner IS NEW.owner;
        END;

        CREATE TABLE source_hosts (
            host TEXT NOT NULL PRIMARY KEY, failures INTEGER NOT NULL, rests INTEGER NOT NULL,
            rest_until INTEGER, probe_job TEXT, probe_fence INTEGER, changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX source_hosts_rested ON source_hosts (host) WHERE rest_until IS NOT NULL;
        CREATE INDEX source_hosts_changed ON source_hosts (changed_at);
        """
}
