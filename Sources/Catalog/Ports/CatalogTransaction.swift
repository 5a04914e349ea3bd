public import ImageModel

/// The writes a catalog's rows take, within one transaction. It must not outlive the call that lent it.
public protocol CatalogTransaction: CatalogReader, RetentionRows, SpaceRows, FairnessRows, StoreRows {
    /// Adds a job that was not there.
    func insert(_ job: Job, _ admission: JobAdmission) throws

    /// Writes a job back, provided its fence is still `fence`.
    ///
    /// - Returns: false when the fence has moved on; nothing was written.
    func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool

    /// Replaces the secret query of a job's source URL; nil wipes it.
    func setSourceQuery(_ query: String?, of job: JobID) throws

    /// The deferred jobs whose time to wait has passed, oldest first.
    func overdueDeferredJobs(limit: Int) throws -> [Job]

    /// Starts or prolongs the lease of a running job by the database's clock, provided its fence is still `fence`.
    ///
    /// - Returns: false when the fence has moved on.
    func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool

    /// Running jobs whose lease ran out by the database's clock, oldest first.
    func jobsWithExpiredLease(limit: Int) throws -> [Job]

    /// Adds an image that was not there.
    func insert(_ image: Image) throws

    /// Writes an image back with its properties, tags and replicas.
    func update(_ image: Image) throws

    /// Adds or replaces a member of an image.
    func put(_ member: Member, of image: ImageID) throws

    /// The next sequence number of an image's events: 1 for the first.
    func nextSequence(of image: ImageID) throws -> Int64

    /// Adds an entry to the outbox.
    func append(_ entry: OutboxEntry) throws

    /// Marks entries as confirmed by the broker; `unrouted` ones had no queue to go to.
    ///
    /// Events stay as the history. Replies and dead letters have done their duty and are removed, a dead letter above
    /// all because the original bytes may hold a secret.
    func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws

    /// Adds a transfer before its first byte is written.
    func insert(_ transfer: Transfer) throws

    /// Writes a transfer back.
    func update(_ transfer: Transfer) throws

    /// Remembers that `account` asked for the end of a job before the job came; nil stands for the platform.
    func rememberCancel(of job: JobID, by account: AccountID?) throws

    /// Who asked for the end of a job before it came, in the order of the accounts, the platform first.
    func rememberedCancels(of job: JobID) throws -> [AccountID?]

    /// Takes or prolongs a role that one worker of a catalog holds at a time.
    ///
    /// - Returns: whether `worker` holds the role now.
    func holdRole(_ role: String, worker: WorkerID, for duration: Duration) throws -> Bool
}
