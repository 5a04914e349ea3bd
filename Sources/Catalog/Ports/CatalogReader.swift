public import ImageModel

/// The questions a catalog's rows can answer.
public protocol CatalogReader: HistoryReader, RetentionReader, SpaceReader, FairnessReader, LoadReader, StoreReader {
    /// The identity of this catalog, made with its first migration.
    func catalogID() throws -> CatalogID

    /// The database's own clock. No other clock is compared with times in rows.
    var now: Timestamp { get }

    /// A job, or nil when the catalog never accepted it (or has forgotten it).
    func job(_ id: JobID) throws -> Job?

    /// What was kept beside a job's request when it was accepted.
    func admission(of id: JobID) throws -> JobAdmission?

    /// Jobs that pass `filter`, newest first.
    func jobs(_ filter: JobFilter) throws -> [Job]

    /// The unfinished jobs on one image, in the order of acceptance. A copy to a new image is on the image it reads.
    func unfinishedJobs(on image: ImageID) throws -> [JobOutline]

    /// The deferred jobs that wait for the end of `job`, in the order of acceptance.
    func jobs(waitingFor job: JobID) throws -> [Job]

    /// How many jobs of each kind wait (queued, deferred or retrying).
    func waitingCounts() throws -> [JobKind: Int]

    /// How many of those were deferred and name predecessors, by kind: what they wait for may not have come yet.
    func followerCounts() throws -> [JobKind: Int]

    /// Whether a job runs, or waits for nothing but a worker or its next attempt.
    func hasMovingJobs() throws -> Bool

    /// Deferred jobs that name a predecessor which the catalog does not know, in the order of acceptance.
    func strandedJobs(limit: Int) throws -> [Job]

    /// An image with its replicas.
    func image(_ id: ImageID) throws -> Image?

    /// Images that pass `filter`, newest first.
    func images(_ filter: ImageFilter) throws -> [Image]

    /// A member of an image.
    func member(_ account: AccountID, of image: ImageID) throws -> Member?

    /// Every account an image was offered to, in the order of the accounts.
    func members(of image: ImageID) throws -> [Member]

    /// The newest `limit` events of an image, the oldest of them first. Replies and dead letters are none.
    func history(of image: ImageID, limit: Int) throws -> [OutboxEntry]

    /// The last event that announced a step of a job; a rejected message that bore its id is none.
    func lastEvent(of job: JobID) throws -> ImageEvent?

    /// Entries of the outbox that were not published yet, oldest first.
    func unpublished(limit: Int) throws -> [OutboxEntry]

    /// Unpublished entries of a part of the outbox, without the events that have to wait for one before that part.
    func unpublished(in range: OutboxRange) throws -> OutboxPage

    /// The transfers of a job that did not end, oldest first.
    func openTransfers(of job: JobID) throws -> [Transfer]

    /// Transfers whose bytes nobody will use and that may still lie in a store, oldest first.
    ///
    /// - Parameter after: Only those that were recorded after this one, whatever has become of it; nil: from the first on.
    func abandonedTransfers(after: TransferID?, limit: Int) throws -> [Transfer]

    /// The earliest moment after now at which a waiting job becomes due; nil when none waits for time.
    func nextDue() throws -> Timestamp?
}

extension CatalogReader {
    /// The oldest transfers whose bytes nobody will use and that may still lie in a store.
    public func abandonedTransfers(limit: Int) throws -> [Transfer] {
        try abandonedTransfers(after: nil, limit: limit)
    }
}

/// Which jobs to list.
public struct JobFilter: Sendable, Hashable {
    /// Only these states; nil for all.
    public var states: Set<JobState>?
    /// Only this kind.
    public var kind: JobKind?
    /// Only jobs on this image.
    public var image: ImageID?
    /// Only jobs that were accepted before this one, to go on from a page that ended with it; none when the catalog does
    /// not know it.
    public var after: JobID?
    /// The most jobs to return.
    public var limit: Int

    /// A filter; by default the newest 100 jobs.
    public init(
        states: Set<JobState>? = nil, kind: JobKind? = nil, image: ImageID? = nil, after: JobID? = nil, limit: Int = 100
    ) {
        self.states = states
        self.kind = kind
        self.image = image
        self.after = after
        self.limit = limit
    }
}

/// Which images to list.
public struct ImageFilter: Sendable, Hashable {
    /// Only these statuses; nil for all.
    public var statuses: Set<ImageStatus>?
    /// Only images of this owner.
    public var owner: AccountID?
    /// Only images this account has accepted.
    public var sharedWith: AccountID?
    /// Only images that are older than this one, to go on from a page that ended with it; none when the catalog does not
    /// know it.
    public var after: ImageID?
    /// The most images to return.
    public var limit: Int

    /// A filter; by default the newest 100 images.
    public init(
        statuses: Set<ImageStatus>? = nil, owner: AccountID? = nil, sharedWith: AccountID? = nil,
        after: ImageID? = nil, limit: Int = 100
    ) {
        self.statuses = statuses
        self.owner = owner
        self.sharedWith = sharedWith
        self.after = after
        self.limit = limit
    }
}
