extension Schema {
    /// 3: what a sweep looks things up by. Who does not know of these indexes keeps them up to date all the same.
    static let retention = """
        CREATE INDEX jobs_ended ON jobs (json_extract(body, '$.endedAt'))
            WHERE state IN ('succeeded', 'failed', 'cancelled');
        CREATE INDEX predecessors_of_job ON job_predecessors (job);
        CREATE INDEX remembered_cancels_at ON remembered_cancels (at);
        CREATE INDEX transfers_of_job ON transfers (job);
        CREATE INDEX transfers_unsettled ON transfers (id) WHERE state IN ('staging', 'committing', 'abandoned');
        CREATE INDEX replicas_by_object ON replicas (store, object_key);
        CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
        """
}
