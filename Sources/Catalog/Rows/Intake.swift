public import ImageModel

/// A message on its way into the catalog.
public enum IntakeItem: Sendable {
    /// A valid job; the letter is what to dead-letter should its id be taken by another job.
    case submission(JobSubmission, original: DeadLetter)
    /// A message that can never become a job.
    case rejection(Rejection)
}

/// A message that can never become a job, and what could be salvaged from it.
public struct Rejection: Sendable {
    /// Why it is none: one of the dead-letter codes, with the JSON Pointer in its first violation.
    public var failure: Failure
    /// The kind, where it could be told.
    public var kind: JobKind?
    /// The id, where one could be read.
    public var jobID: String?
    /// The owner, where one could be read.
    public var owner: AccountID?
    /// The message as it came.
    public var original: DeadLetter

    /// A rejection from its parts.
    public init(failure: Failure, kind: JobKind?, jobID: String?, owner: AccountID?, original: DeadLetter) {
        self.failure = failure
        self.kind = kind
        self.jobID = jobID
        self.owner = owner
        self.original = original
    }
}

/// What became of a message.
public enum Acceptance: Sendable, Equatable {
    /// A new job.
    case accepted
    /// The catalog had this very job already.
    case known
    /// A dead letter.
    case rejected
}

/// How a job stands whose lease was renewed.
public enum LeaseStanding: Sendable, Equatable {
    /// Go on.
    case good
    /// Go on ending: somebody asked for it.
    case cancelRequested
    /// Go on ending: the job was to end by its deadline, and did not.
    case deadlinePassed
}
