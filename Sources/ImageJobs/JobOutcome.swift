import Catalog
import ImageConversion
import ImageInspection
import ImageModel
import ImageSource
import ImageStore
import ImageUnpacking

/// How an attempt ended. The list is closed: whatever can happen is one of these.
enum JobOutcome: Equatable {
    /// The catalog has recorded the end already, in one transaction with the result.
    case recorded
    /// Another attempt may succeed.
    case retry(Failure)
    /// No attempt can succeed.
    case failed(Failure)
    /// Somebody asked for the end.
    case cancelled
    /// The deadline has passed.
    case overdue
    /// This worker stops; the job goes back without counting the attempt.
    case interrupted
    /// The job belongs to another worker by now; nothing more may be written about it.
    case fenced
}

extension JobOutcome {
    /// The one place where errors become outcomes.
    ///
    /// - Parameters:
    ///   - error: What ended the attempt.
    ///   - stop: Why the attempt was stopped from outside, if it was: that explains any error.
    ///   - job: The job, whose last failure tells whether an error came again.
    init(_ error: any Error, stop: StopReason?, job: Job) {
        let interruption = error as? InterruptedImport
        let cause = interruption?.cause ?? error
        if stop == .leaseLost || (cause as? CatalogError)?.code == .fenced {
            self = .fenced
        } else if stop == .cancelRequested || (cause as? CatalogError)?.code == .cancelRequested {
            self = .cancelled
        } else if stop == .deadlinePassed {
            self = .overdue
        } else if stop == .shutdown || cause is CancellationError {
            self = .interrupted
        } else {
            self = Self.judge(
                Failure(from: cause, of: job), of: job, hasProgressed: interruption?.hasProgressed ?? false)
        }
    }

    private static func judge(_ failure: Failure, of job: Job, hasProgressed: Bool) -> Self {
        // A body that ends early is tried once more: the connection may have been cut. Twice is the server's fault,
        // unless the second attempt got further than the first.
        let isRepeated =
            failure.code == .sourceTruncated && job.failure?.code == .sourceTruncated && !hasProgressed
        return failure.isRetryable && !isRepeated ? .retry(failure) : .failed(failure)
    }
}

extension Failure {
    /// What an error means to a job: a repair also waits for what only an operator can mend.
    fileprivate init(from error: any Error, of job: Job) {
        self.init(from: error)
        let mended: Set<FailureCode> = [
            .storeUnavailable, .storeUnknown, .capacityExceeded, .quotaExceeded, .policyDenied,
        ]
        if job.repairs != nil, mended.contains(code) { isRetryable = true }
    }

    /// What an error of any room means in the words of the contract.
    init(from error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as SourceError:
            self.init(
                error.code, error.message, stage: .fetching, isRetryable: error.isTransient,
                retryAfter: error.retryAfter)
        case let error as UnpackError:
            self.init(error.code, error.message, stage: .verifying)
        case let error as StoreError:
            self.init(error.code, error.message, stage: .storing, isRetryable: error.isTransient)
        case let error as InspectionError:
            self.init(
                error.code, error.message, stage: .verifying,
                violations: error.findings.filter { $0.severity == .error }.map(Violation.init))
        case let error as ConversionError:
            self.init(error.code, error.message, stage: .converting, isRetryable: error.isTransient)
        case let error as CatalogError where error.code == .noSpace:
            self.init(.capacityExceeded, error.message, stage: .storing, isRetryable: true)
        case let error as CatalogError where error.code == .quotaExceeded:
            self.init(.quotaExceeded, error.message, stage: .storing)
        case let error as CatalogError:
            let isAway = error.code == .unavailable
            self.init(
                isAway ? .catalogUnavailable : .internal, error.message, stage: .recording, isRetryable: isAway)
        default:
            self.init(.internal, "unexpected error: \(error)")
        }
    }
}

extension Violation {
    /// A rule that the image broke, pointing to what in the message brought the image or forbids it.
    fileprivate init(_ finding: Finding) {
        let path =
            switch finding.rule {
            case .formatMismatch: "/expect/format"
            case .minDiskTooSmall: "/image/min_disk_gib"
            default: "/source/url"
            }
        let place = finding.offset.map { "byte \($0): " } ?? ""
        self.init(path: path, rule: finding.rule.rawValue, value: place + finding.message)
    }
}
