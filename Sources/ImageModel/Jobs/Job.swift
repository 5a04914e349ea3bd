/// A job as the catalog knows it.
public struct Job: Hashable, Sendable, Codable {
    /// What was asked for.
    public var request: JobRequest
    /// The image the job makes or changes; a cancel: the cancelled job's image, once known.
    public var imageID: ImageID?
    /// Where it stands.
    public var state: JobState
    /// What a deferred job waits for.
    public var reason: String?
    /// Attempts begun, the running one included.
    public var attempt: Int
    /// Attempts that count against the limit: those that ended in a retryable error, and crashes without progress.
    public var failedAttempts: Int
    /// Grows by one with every claim; the token that fences late writers off.
    public var fence: Int64
    /// Who runs it, or ran it last.
    public var worker: WorkerID?
    /// The earliest moment of the next attempt.
    public var runAt: Timestamp
    /// Set when somebody asked for the end of a running job.
    public var isCancelRequested: Bool
    /// How far the running attempt is.
    public var progress: JobProgress?
    /// What was learnt of the source.
    public var source: SourceFacts?
    /// The last error.
    public var failure: Failure?
    /// The job this one retries.
    public var retryOf: JobID?
    /// The import that this copy completes: it succeeded without the replica that the copy brings. Nil for whatever
    /// somebody asked for.
    public var repairs: JobID?
    /// Whether the source URL had a query, which is wiped when the job ends; nil means none.
    public var hadSourceQuery: Bool?
    /// Bytes of its owner's quota that it has reserved; nil for none.
    public var reservedBytes: Int64?
    /// The trace it belongs to.
    public var traceparent: String?
    /// When it was accepted.
    public var acceptedAt: Timestamp
    /// When its first attempt began.
    public var startedAt: Timestamp?
    /// When it ended.
    public var endedAt: Timestamp?

    /// A freshly accepted job.
    public init(request: JobRequest, imageID: ImageID?, acceptedAt: Timestamp, traceparent: String? = nil) {
        self.request = request
        self.imageID = imageID
        state = .queued
        attempt = 0
        failedAttempts = 0
        fence = 0
        runAt = acceptedAt
        isCancelRequested = false
        self.traceparent = traceparent
        self.acceptedAt = acceptedAt
    }

    /// The key of the job.
    public var id: JobID { request.id }
    /// The kind of its work.
    public var kind: JobKind { request.kind }
    /// Whether the job brings an image into being: an import, or a copy to a new image.
    public var makesImage: Bool {
        switch request.work {
        case .import: true
        case .copy(let work): work.newImage != nil
        case .share, .update, .delete, .cancel: false
        }
    }
    /// 0 to 9, 9 first.
    public var priority: Int { request.priority ?? JobRequest.defaultPriority }
    /// The number of counted attempts after which the job fails.
    public var maxAttempts: Int { request.maxAttempts ?? JobRequest.defaultMaxAttempts }
}

/// How far a running attempt is.
public struct JobProgress: Hashable, Sendable, Codable {
    /// The step.
    public var stage: JobStage
    /// Bytes done; never falls within an attempt.
    public var bytes: Int64
    /// Bytes to do; nil when the source did not say.
    public var total: Int64?
    /// The rate since the progress before, in bytes a second.
    public var bytesPerSecond: Int64

    /// Progress from its parts.
    public init(stage: JobStage, bytes: Int64, total: Int64?, bytesPerSecond: Int64) {
        self.stage = stage
        self.bytes = bytes
        self.total = total
        self.bytesPerSecond = bytesPerSecond
    }
}

/// What a source said of its bytes: the `source` object of events. It describes the bytes as served.
public struct SourceFacts: Hashable, Sendable, Codable {
    /// The URL asked for, without its query.
    public var url: String
    /// The length, when the source told it or once all was read.
    public var size: Int64?
    /// Digests of the bytes as served, once all was read.
    public var digests: [Digest]
    /// The wrapper that was unpacked, if any.
    public var wrapper: String?
    /// The entity tag as served, quotes included.
    public var etag: String?
    /// `Last-Modified` as served.
    public var lastModified: String?
    /// Whether ``lastModified`` lies at least a second before the moment, by the source's own clock, at which it answered, so that
    /// no other bytes can have the same date (RFC 9110, section 8.8.2.2). Nil for no.
    public var hasSettledDate: Bool?

    /// Facts from their parts.
    public init(
        url: String, size: Int64? = nil, digests: [Digest] = [], wrapper: String? = nil, etag: String? = nil,
        lastModified: String? = nil, hasSettledDate: Bool? = nil
    ) {
        self.url = url
        self.size = size
        self.digests = digests
        self.wrapper = wrapper
        self.etag = etag
        self.lastModified = lastModified
        self.hasSettledDate = hasSettledDate
    }
}
