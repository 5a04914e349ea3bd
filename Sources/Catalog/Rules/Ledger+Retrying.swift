import ImageModel

extension Ledger {
    /// The job that a new one under this id retries: `job-1~2` retries `job-1`, once that has ended.
    ///
    /// The message has no member for it, so that a retry is a job like any other and a worker of any version takes it.
    /// The name alone is not believed: a producer may have chosen one that only looks like it.
    func retriedJob(by request: JobRequest) throws -> JobID? {
        guard let name = RetryName(request.id), let base = try rows.job(name.base), base.state.isTerminal,
            base.kind == request.kind
        else { return nil }
        return base.id
    }
}
