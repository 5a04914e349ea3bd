/// Why something did not succeed, in the words of the contract: the `error` object of events.
public struct Failure: Error, Hashable, Sendable, Codable {
    /// What went wrong, to branch on.
    public var code: FailureCode
    /// One sentence with the values in it and no secret.
    public var message: String
    /// The step at which it happened.
    public var stage: JobStage?
    /// Whether another attempt may succeed.
    public var isRetryable: Bool
    /// The least time to wait before another attempt, when the peer said one.
    public var retryAfter: Duration?
    /// The last attempt's error, when this failure stands for giving up.
    public var cause: FailureCause?
    /// Every broken rule, when rules were broken.
    public var violations: [Violation]

    /// A failure from its parts.
    public init(
        _ code: FailureCode, _ message: String, stage: JobStage? = nil, isRetryable: Bool = false,
        retryAfter: Duration? = nil, cause: FailureCause? = nil, violations: [Violation] = []
    ) {
        self.code = code
        self.message = message
        self.stage = stage
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
        self.cause = cause
        self.violations = violations
    }

    /// The same failure, said to have happened at `stage` unless it already tells.
    public func at(_ stage: JobStage) -> Self {
        var copy = self
        copy.stage = copy.stage ?? stage
        return copy
    }
}

/// The error behind an error.
public struct FailureCause: Hashable, Sendable, Codable {
    /// Its code.
    public var code: FailureCode
    /// Its sentence.
    public var message: String

    /// A cause from its parts.
    public init(code: FailureCode, message: String) {
        self.code = code
        self.message = message
    }
}

/// One broken rule.
public struct Violation: Hashable, Sendable, Codable {
    /// A JSON Pointer into the message.
    public var path: String
    /// The rule, in words.
    public var rule: String
    /// The value that breaks it, shortened when long.
    public var value: String

    /// A violation from its parts.
    public init(path: String, rule: String, value: String) {
        self.path = path
        self.rule = rule
        self.value = value
    }
}

/// The steps of a job, as progress and errors name them.
public enum JobStage: String, Sendable, Codable, CaseIterable {
    /// Decoding and validating the message.
    case decoding
    /// Accepting it into the catalog.
    case accepting
    /// Deciding what to fetch and under which limits.
    case planning
    /// Reading from the source.
    case fetching
    /// Comparing with what was expected.
    case verifying
    /// Making another format of them.
    case converting
    /// Making the bytes durable and visible.
    case storing
    /// Writing the result to the catalog.
    case recording
}
