import ImageModel
import ImageSource

/// Decides whether and when a fetch that was cut is gone on with. Pure.
struct ReconnectTries {
    /// How often in a row nothing may come of it.
    static let limit = 5
    /// The longest wait that a source may ask for; for a longer one the slot is too good.
    static let longestWait: Duration = .seconds(30)

    private let backoff: Backoff
    private var failures = 0
    private var isAlwaysTruncated = true

    /// Tries that wait as jobs do between attempts, but not as long.
    init(backoff: Backoff) {
        self.backoff = Backoff(base: min(backoff.base, .seconds(1)), max: min(backoff.max, .seconds(15)))
    }

    /// How long to wait before the next try.
    ///
    /// - Parameter hasProgressed: Whether bytes came since the failure before.
    /// - Throws: What the attempt ends with when there is no further try. A body that always ended at the same place is
    ///   the source's fault, and permanent.
    mutating func delay(
        after error: SourceError, hasProgressed: Bool, random: any RandomSource
    ) throws(SourceError) -> Duration {
        guard error.isTransient else { throw error }
        if hasProgressed { (failures, isAlwaysTruncated) = (0, true) }
        failures += 1
        isAlwaysTruncated = isAlwaysTruncated && error.code == .sourceTruncated
        let asked = error.retryAfter ?? .zero
        guard failures <= Self.limit else { throw isAlwaysTruncated ? error.madePermanent : error }
        guard asked <= Self.longestWait else { throw error }
        return backoff.delay(after: failures, atLeast: asked, random: random)
    }
}

extension SourceError {
    /// The same for a request that would end like this every time.
    var madePermanent: SourceError { SourceError(code, message) }
}
