public import ImageModel

/// A message that is no job: what the dead letter, the `job.rejected` event and the reply say of it.
public struct RejectedMessage: Error, Hashable, Sendable {
    /// The code, the sentence and every broken rule, at most ``violationLimit`` of them.
    public let failure: Failure
    /// A JSON Pointer to the first thing that is wrong, in the order of the document; empty for the whole message.
    public let path: String
    /// The kind, where it could be told.
    public let kind: JobKind?
    /// What the message gave as its id, usable or not, shortened.
    public let jobID: String?
    /// The owner, where one could be told.
    public let owner: AccountID?
    /// Where the asker wants to hear of it.
    public let replyTo: String?
    /// The asker's own correlation id.
    public let correlationID: String?

    /// The most broken rules that are reported of one message.
    public static let violationLimit = 32

    /// Why: one of the codes for dead letters.
    public var code: FailureCode { failure.code }
    /// One sentence with the values.
    public var message: String { failure.message }
    /// The first offending value, shortened; empty when there is none to show.
    public var value: String { failure.violations.first?.value ?? "" }

    init(_ code: FailureCode, _ violations: [Violation], of message: IncomingMessage, salvage: SalvagedFacts) {
        failure = Failure(
            code, violations.sentence, stage: .decoding, violations: Array(violations.prefix(Self.violationLimit)))
        path = violations.first?.path ?? ""
        kind = salvage.kind
        jobID = salvage.jobID
        owner = salvage.owner
        replyTo = message.replyTo
        correlationID = message.correlationID
    }

    /// The rejection of a well-formed job that somebody else refused, as the catalog does with `duplicate_conflict`.
    public init(_ failure: Failure, path: String, submission: JobSubmission) {
        self.failure = failure
        self.path = path
        kind = submission.request.kind
        jobID = submission.request.id.rawValue
        owner = submission.request.owner
        replyTo = submission.replyTo
        correlationID = submission.correlationID
    }

    /// The event that tells of the rejection.
    public func event(id: EventID, time: Timestamp) -> ImageEvent {
        ImageEvent(
            id: id, topic: .rejected(kind), imageID: nil, owner: owner, jobID: jobID, sequence: nil, time: time,
            data: EventData(error: failure))
    }
}

extension [Violation] {
    /// The first broken rule as a sentence, and how many more there are.
    fileprivate var sentence: String {
        guard let first else { return "The message is not a job." }
        let subject = first.path.isEmpty ? "The message" : first.path
        let rule = first.path.isEmpty ? first.rule : first.rule
        let value = first.value.isEmpty ? "" : ", but is \(first.value)"
        let more = count > 1 ? " (and \(count - 1) more)" : ""
        return "\(subject): \(rule)\(value)\(more)."
    }
}
