public import ImageModel

/// The questions a sweep asks.
public protocol RetentionReader {
    /// What is recorded of a transfer; nil when nothing is, or not any more.
    func transferOutline(_ id: TransferID) throws -> TransferOutline?

    /// Transfers that may have left bytes behind and whose job has ended or is forgotten, in the order of their ids,
    /// behind `after`.
    func leftoverTransfers(after: TransferID?, limit: Int) throws -> [TransferOutline]

    /// Whether a replica of any image, in any state, is this object.
    func isReplica(_ objectKey: String, in store: StoreName) throws -> Bool

    /// How many rows ``RetentionRows/prune(_:limit:)`` would remove in the end.
    func prunable(_ horizon: RetentionHorizon) throws -> PruneCount
}

/// The writes of a sweep.
public protocol RetentionRows {
    /// Records that nothing is left of a transfer.
    func markDiscarded(_ transfer: TransferID) throws

    /// Removes what is older than the horizon, at most `limit` rows of each sort, the oldest first: ended jobs with all
    /// that is kept beside them, published events, remembered cancels.
    ///
    /// A job is spared while an unfinished one names it as a predecessor, and while a transfer of it may have left
    /// bytes behind.
    func prune(_ horizon: RetentionHorizon, limit: Int) throws -> PruneCount
}

/// As much of a transfer as tells whom its bytes belong to.
public struct TransferOutline: Hashable, Sendable {
    /// The key; also the store's staging key.
    public var id: TransferID
    /// The job it belongs to.
    public var job: JobID
    /// The store it writes to.
    public var store: StoreName

    /// An outline from its parts.
    public init(id: TransferID, job: JobID, store: StoreName) {
        self.id = id
        self.job = job
        self.store = store
    }
}

/// The moments before which rows are forgotten.
public struct RetentionHorizon: Hashable, Sendable {
    /// Jobs that ended before this, and cancels remembered before it.
    public var jobs: Timestamp
    /// Events that were published before this.
    public var history: Timestamp

    /// A horizon from its parts.
    public init(jobs: Timestamp, history: Timestamp) {
        self.jobs = jobs
        self.history = history
    }
}

/// How many rows were removed, or would be.
public struct PruneCount: Hashable, Sendable {
    /// Ended jobs.
    public var jobs: Int
    /// Published events.
    public var events: Int
    /// Remembered cancels.
    public var cancels: Int

    /// Counts; by default none.
    public init(jobs: Int = 0, events: Int = 0, cancels: Int = 0) {
        self.jobs = jobs
        self.events = events
        self.cancels = cancels
    }
}
