/// One announcement: a row of the outbox and of the work history, and the stuff of a CloudEvent.
public struct ImageEvent: Hashable, Sendable, Codable {
    /// The CloudEvents id, equal on every resend.
    public var id: EventID
    /// What happened.
    public var topic: EventTopic
    /// The image it is about, if one is known.
    public var imageID: ImageID?
    /// The image's owner when it happened.
    public var owner: AccountID?
    /// The job it is about; as text, because a rejected message may carry an unusable id.
    public var jobID: String?
    /// The place among the image's events, from 1; nil for progress and rejected.
    public var sequence: Int64?
    /// When it happened.
    public var time: Timestamp
    /// What it tells.
    public var data: EventData

    /// An event from its parts.
    public init(
        id: EventID, topic: EventTopic, imageID: ImageID?, owner: AccountID?, jobID: String?, sequence: Int64?,
        time: Timestamp, data: EventData
    ) {
        self.id = id
        self.topic = topic
        self.imageID = imageID
        self.owner = owner
        self.jobID = jobID
        self.sequence = sequence
        self.time = time
        self.data = data
    }
}

/// What an event announces.
public enum EventTopic: Hashable, Sendable, Codable {
    /// A step in a job's life.
    case image(JobKind, EventPhase)
    /// A message that was no job; the kind where it could be told.
    case rejected(JobKind?)
}

/// The steps in a job's life that are announced.
public enum EventPhase: String, Sendable, Codable, CaseIterable {
    /// The catalog has the job.
    case accepted
    /// An attempt began, or went on after a crash.
    case started
    /// How far it is.
    case progress
    /// An attempt failed; another will follow.
    case retrying
    /// Ended well.
    case completed
    /// Ended with a failure.
    case failed
    /// Ended because somebody asked for it.
    case cancelled

    /// Whether this phase ends a job.
    public var isTerminal: Bool { self == .completed || self == .failed || self == .cancelled }
}

/// The `data` of an event; absent parts are nil.
public struct EventData: Hashable, Sendable, Codable {
    /// The job as it was.
    public var job: Job?
    /// The image as it was.
    public var image: Image?
    /// The image's members as they were, where the image has a profile, whose view shows them.
    public var members: [Member]?
    /// What was learnt of the source.
    public var source: SourceFacts?
    /// Only on progress.
    public var progress: JobProgress?
    /// Only on share events.
    public var share: ShareOutcome?
    /// Only on retrying, failed and rejected.
    public var error: Failure?

    /// Data from its parts.
    public init(
        job: Job? = nil, image: Image? = nil, members: [Member]? = nil, source: SourceFacts? = nil,
        progress: JobProgress? = nil, share: ShareOutcome? = nil, error: Failure? = nil
    ) {
        self.job = job
        self.image = image
        self.members = members
        self.source = source
        self.progress = progress
        self.share = share
        self.error = error
    }
}

/// What a share job did.
public struct ShareOutcome: Hashable, Sendable, Codable {
    /// The step asked for.
    public var action: ShareAction
    /// The account it is about.
    public var member: AccountID
    /// The member's status afterwards; nil when the job failed.
    public var status: MemberStatus?

    /// An outcome from its parts.
    public init(action: ShareAction, member: AccountID, status: MemberStatus?) {
        self.action = action
        self.member = member
        self.status = status
    }
}
