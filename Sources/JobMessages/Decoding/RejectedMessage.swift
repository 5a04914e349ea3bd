public import ImageModel

/// A message that is no job: what the dead letter, the `job.rejected` event and the reply are made of.
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
    /// The most broken rules that are reported of one message.
    public static let violationLimit = 32

    /// Why: one of the codes for dead letters.
    public var code: FailureCode { failure.code }
    /// One sentence with the values.
    public var message: String { failure.message }
    /// Every reported violation as a sentence, or ``message`` alone.
    public var sentences: [String] {
        failure.violations.count > 1 ? failure.violations.map { "\($0.sentence)." } : [message]
    }
    /// The first offending value, shortened; empty when there is none to show.
    public var value: String { failure.violations.first?.value ?? "" }

    init(_ code: FailureCode, _ violations: [Violation], sentence: String? = nil, salvage: SalvagedFacts) {
        failure = Failure(
            code, sentence ?? violations.sentence, stage: .decoding,
            violations: Array(violations.prefix(Self.violationLimit)))
        path = violations.first?.path ?? ""
        kind = salvage.kind
        jobID = salvage.jobID
        owner = salvage.owner
    }
}

extension [Violation] {
    /// The first broken rule as a sentence, and how many more there are.
    fileprivate var sentence: String {
        guard let first else { return "The message is not a job." }
        let more = count > 1 ? " (and \(count - 1) more)" : ""
        return "\(first.sentence)\(more)."
    }
}

extension Violation {
    /// Where, which rule and which value, without a full stop.
    fileprivate var sentence: String {
        let subject = path.isEmpty ? "The message" : path
        return "\(subject): \(rule)" + (value.isEmpty ? "" : ", but is \(value)")
    }
}
