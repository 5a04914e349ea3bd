/// A valid job message: what a producer asked for, before policy and state are looked at.
///
/// "Absent" is kept apart from "default" (optionals), because a profile may require what the contract defaults.
/// Secrets (the query of a source URL) are not in here; they travel in ``JobSubmission``.
public struct JobRequest: Hashable, Sendable, Codable {
    /// The key of idempotency.
    public var id: JobID
    /// 0 to 9, 9 first; nil for 4.
    public var priority: Int?
    /// On whose behalf; nil when the publisher speaks for the platform.
    public var actor: JobActor?
    /// Jobs that must have ended before this one runs; at most 16.
    public var after: [JobID]
    /// Whether the job runs although a predecessor did not succeed.
    public var runsAfterFailure: Bool
    /// When the job fails if it has not ended.
    public var deadline: Timestamp?
    /// 1 to 100; nil for 8.
    public var maxAttempts: Int?
    /// What is to be done.
    public var work: JobWork

    /// A request from its parts.
    public init(
        id: JobID, priority: Int? = nil, actor: JobActor? = nil, after: [JobID] = [], runsAfterFailure: Bool = false,
        deadline: Timestamp? = nil, maxAttempts: Int? = nil, work: JobWork
    ) {
        self.id = id
        self.priority = priority
        self.actor = actor
        self.after = after
        self.runsAfterFailure = runsAfterFailure
        self.deadline = deadline
        self.maxAttempts = maxAttempts
        self.work = work
    }

    /// The kind of the work.
    public var kind: JobKind { work.kind }

    /// The image the message names: nil for an import that leaves the id to the worker, and for a cancel.
    public var imageID: ImageID? { work.imageID }

    /// The account the image belongs to or will belong to, as far as the message tells.
    public var owner: AccountID? {
        switch work {
        case .import(let request): request.image.owner ?? actor?.account
        case .copy(let request): request.newImage?.owner ?? actor?.account
        default: actor?.account
        }
    }

    /// The contract's default priority.
    public static let defaultPriority = 4
    /// The contract's default number of attempts.
    public static let defaultMaxAttempts = 8
}

/// On whose behalf a job runs.
public struct JobActor: Hashable, Sendable, Codable {
    /// The account that must have the right.
    public var account: AccountID?
    /// The person, for the history only.
    public var user: String?

    /// An actor from its parts.
    public init(account: AccountID? = nil, user: String? = nil) {
        self.account = account
        self.user = user
    }

    /// Who it is in a history: the person, else the account.
    public var name: String? { user ?? account?.rawValue }
}

/// The work of a job, one case a kind.
public enum JobWork: Hashable, Sendable, Codable {
    /// Fetch and store.
    case `import`(ImportRequest)
    /// One more replica, or a new image.
    case copy(CopyRequest)
    /// Change who may use the image.
    case share(ShareRequest)
    /// Change what is said of the image.
    case update(UpdateRequest)
    /// Remove the image or one replica.
    case delete(DeleteRequest)
    /// End another job.
    case cancel(CancelRequest)

    /// The kind this work belongs to.
    public var kind: JobKind {
        switch self {
        case .import: .import
        case .copy: .copy
        case .share: .share
        case .update: .update
        case .delete: .delete
        case .cancel: .cancel
        }
    }

    /// The image named, if any.
    public var imageID: ImageID? {
        switch self {
        case .import(let request): request.image.id
        case .copy(let request): request.imageID
        case .share(let request): request.imageID
        case .update(let request): request.imageID
        case .delete(let request): request.imageID
        case .cancel: nil
        }
    }
}
