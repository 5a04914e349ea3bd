public import ImageModel

/// A worker's right to write about a job: void as soon as the job's fence has moved on.
public struct JobLease: Hashable, Sendable {
    /// The job.
    public let job: JobID
    /// The fencing token: the job's fence when it was claimed.
    public let fence: Int64
    /// The worker it was given to.
    public let worker: WorkerID

    /// A lease from its parts.
    public init(job: JobID, fence: Int64, worker: WorkerID) {
        self.job = job
        self.fence = fence
        self.worker = worker
    }
}

/// A job a worker has claimed, with all it needs to run it.
public struct ClaimedJob: Sendable {
    /// The job, running.
    public var job: Job
    /// The right to write about it.
    public var lease: JobLease
    /// The image as it is now; nil only for kinds that have none.
    public var image: Image?
    /// The secret query of the source URL.
    public var sourceQuery: String?
    /// Why the query cannot be read although there is one.
    public var secretProblem: String?
    /// Transfers of earlier attempts that did not end.
    public var transfers: [Transfer]

    /// A claimed job from its parts.
    public init(job: Job, lease: JobLease, image: Image?, sourceQuery: String?, transfers: [Transfer]) {
        self.job = job
        self.lease = lease
        self.image = image
        self.sourceQuery = sourceQuery
        self.transfers = transfers
    }
}
