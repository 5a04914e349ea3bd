import ImageModel
import ImageSource

/// Says that the object must be fetched from its beginning, into new transfers.
struct BeginAgain: Error {
    let reason: String
    /// What the attempt ends with when it may not begin again any more; nil when that cannot be.
    let cause: (any Error)?
    /// How many bytes there were.
    let position: Int64
    /// Whether all bytes were there, but not the expected ones.
    var isMismatch: Bool { cause is Failure }

    /// Nothing of an earlier attempt can be used.
    init(_ reason: String) {
        self.reason = reason
        cause = nil
        position = 0
    }

    /// The fetch cannot be gone on with after `position` bytes.
    init(_ error: SourceError, at position: Int64) {
        reason = error.message
        cause = error
        self.position = position
    }

    /// What came in several answers is not what was expected; perhaps that of one is.
    init(distrusting failure: Failure) {
        reason = failure.message
        cause = failure
        position = 0
    }

    /// What the attempt ends with when it would have to begin a third time.
    ///
    /// A body without a validator that ends at the same place twice is the source's fault, and permanent.
    func end(after first: BeginAgain) -> any Error {
        guard let error = cause as? SourceError else { return cause ?? Failure(.internal, reason, stage: .fetching) }
        let isRepeated = [first.cause, error].allSatisfy { ($0 as? SourceError)?.code == .sourceTruncated }
        return isRepeated && position <= first.position ? error.madePermanent : error
    }
}
