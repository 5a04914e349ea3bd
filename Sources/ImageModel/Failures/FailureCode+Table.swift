extension FailureCode {
    /// What an operator should know of a code.
    public struct Entry: Hashable, Sendable {
        /// The kinds of job it can end or hold up; for a dead letter the kinds of message it can be said of.
        public let kinds: [JobKind]
        /// Whether another attempt may succeed by itself. A single failure may know better; its own word counts.
        public let isRetryable: Bool
        /// Whether it is said of messages that never became a job.
        public let isDeadLetter: Bool
        /// What to do about it, in one sentence.
        public let advice: String
    }

    /// The one table of codes (CONTRACT section 5), from which documentation is made.
    public var entry: Entry {
        switch self {
        case .malformedMessage, .invalidJob, .unsupportedVersion, .duplicateConflict:
            Entry(kinds: JobKind.allCases, isRetryable: false, isDeadLetter: true, advice: advice)
        case .ruleViolated: failure(of: .import, .copy, .share, .update, .delete)
        case .policyDenied, .deadlineExceeded, .predecessorFailed, .cancelled: failure(of: JobKind.allCases)
        case .catalogUnavailable, .attemptsExhausted:
            failure(of: JobKind.allCases, mayPass: self == .catalogUnavailable)
        case .internal: failure(of: JobKind.allCases, mayPass: true)
        case .sourceUnavailable, .sourceChanged, .sourceTruncated: failure(of: .import, mayPass: true)
        case .sourceDenied, .sourceNotFound, .sourceUnauthorized, .sourceTLS, .sourceRedirect: failure(of: .import)
        case .sizeMismatch, .sizeLimit, .verificationFailed, .formatMismatch, .formatUnknown: failure(of: .import)
        case .imageUnsafe, .decompressionFailed, .decompressionLimit, .conversionFailed: failure(of: .import)
        case .digestMismatch: failure(of: .import, .copy)
        case .minDiskTooSmall: failure(of: .import, .update)
        case .capacityExceeded: failure(of: .import, .copy, mayPass: true)
        case .quotaExceeded: failure(of: .import, .copy)
        case .storeUnknown: failure(of: .import, .copy, .delete)
        case .storeUnavailable: failure(of: .import, .copy, .delete, mayPass: true)
        case .imageNotFound: failure(of: .copy, .share, .update, .delete)
        case .imageExists: failure(of: .import, .copy)
        case .imageGone: failure(of: .import, .copy, .share, .update, .delete)
        case .imageProtected, .lastReplica, .replicaNotFound: failure(of: .delete)
        case .imageBusy, .imageNotActive: failure(of: .copy, .share, .update, .delete)
        case .replicaExists: failure(of: .copy)
        case .notOwner: failure(of: .import, .copy, .share, .update, .delete, .cancel)
        case .notMember: failure(of: .copy, .share)
        case .notShareable, .memberExists, .memberNotFound: failure(of: .share)
        case .jobNotFound, .jobFinished: failure(of: .cancel)
        }
    }

    private func failure(of kinds: JobKind..., mayPass: Bool = false) -> Entry { failure(of: kinds, mayPass: mayPass) }

    private func failure(of kinds: [JobKind], mayPass: Bool = false) -> Entry {
        Entry(kinds: kinds, isRetryable: mayPass, isDeadLetter: false, advice: advice)
    }
}
