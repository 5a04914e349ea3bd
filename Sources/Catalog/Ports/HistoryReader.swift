public import ImageModel

/// The questions about what was announced.
public protocol HistoryReader {
    /// Published events of the history that pass `filter`, in the order in which they were written.
    ///
    /// Replies and dead letters are no history, and what the relay has still to send is left to it.
    func publishedEvents(_ filter: HistoryFilter) throws -> [OutboxEntry]
}

/// Which events of the history to take.
public struct HistoryFilter: Sendable, Hashable {
    /// Only events of this image.
    public var image: ImageID?
    /// Only events of this job; a text, because a rejected message may bear an unusable id.
    public var job: String?
    /// Only what happened at this moment or later.
    public var since: Timestamp?
    /// Only what happened before this moment.
    public var until: Timestamp?
    /// Only entries behind the one with this number, to go on from a page before.
    public var after: Int64
    /// The most entries to return.
    public var limit: Int

    /// A filter; by default the first 256 events.
    public init(
        image: ImageID? = nil, job: String? = nil, since: Timestamp? = nil, until: Timestamp? = nil, after: Int64 = 0,
        limit: Int = 256
    ) {
        self.image = image
        self.job = job
        self.since = since
        self.until = until
        self.after = after
        self.limit = limit
    }
}
