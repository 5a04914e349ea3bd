public import Catalog
public import ImageModel

/// How long what nobody works on is kept: the `retention.*` keys of the configuration.
public struct RetentionPolicy: Sendable, Hashable {
    /// Ended jobs, and with them the time in which the same id is the same job; remembered cancels too.
    public var jobs: Duration
    /// Published events.
    public var history: Duration
    /// Bytes in a store that no row explains.
    public var staging: Duration

    /// A policy from its parts; by default 30, 365 and 7 days.
    public init(
        jobs: Duration = .seconds(30 * 86_400), history: Duration = .seconds(365 * 86_400),
        staging: Duration = .seconds(7 * 86_400)
    ) {
        self.jobs = jobs
        self.history = history
        self.staging = staging
    }

    /// The moments before which rows are forgotten.
    func horizon(at now: Timestamp) -> RetentionHorizon {
        RetentionHorizon(jobs: now - jobs, history: now - history)
    }
}

extension Timestamp {
    fileprivate static func - (moment: Self, duration: Duration) -> Self {
        Self(microseconds: moment.microseconds - duration.wholeMicroseconds)
    }
}

/// Something a sweep has removed from a store, or would.
public struct SweepFinding: Sendable, Hashable {
    /// Why it is removed.
    public enum Reason: String, Sendable {
        /// Its job ended and left it open.
        case jobEnded = "job_ended"
        /// It is old, no replica, and of no unfinished job.
        case unneeded
    }

    /// Where it lies.
    public let store: StoreName
    /// The transfer that brought it.
    public let transfer: TransferID
    /// The key of the object it is; nil for staged bytes.
    public let objectKey: String?
    /// Its size in bytes, where it is known.
    public let size: Int64?
    /// Why it is removed.
    public let reason: Reason
}

/// What a sweep has removed, or would.
public struct SweepReport: Sendable, Hashable {
    /// Transfers that ended jobs had left open.
    public internal(set) var transfers = 0
    /// Staged files that no row explained.
    public internal(set) var staged = 0
    /// Objects that no replica named.
    public internal(set) var objects = 0
    /// Bytes of ``staged`` and ``objects``.
    public internal(set) var bytes: Int64 = 0
    /// Deleted images that could be restored until now: jobs were accepted that delete them.
    public internal(set) var images = 0
    /// Rows of the catalog.
    public internal(set) var rows = PruneCount()
    /// What could not be swept; the log says what and why.
    public internal(set) var problems = 0

    /// Whether there was nothing to do.
    public var isEmpty: Bool { self == SweepReport() }
}
