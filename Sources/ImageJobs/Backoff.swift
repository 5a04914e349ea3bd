public import ImageModel

/// Exponential delays with jitter: the n-th is drawn evenly from the upper half of `base · 2ⁿ⁻¹`, at most `max`.
///
/// The jitter keeps workers that failed together from trying again together.
public struct Backoff: Sendable, Hashable {
    /// The longest first delay.
    public var base: Duration
    /// The longest delay at all.
    public var max: Duration

    /// Delays from `base` to `max`.
    public init(base: Duration = .seconds(1), max: Duration = .seconds(300)) {
        self.base = base
        self.max = max
    }

    /// The same for what nobody waits for: twelve times as long, an hour at most where retries wait five minutes.
    public var patient: Self { Self(base: base * 12, max: max * 12) }

    /// The delay after the `failures`-th failure in a row, counted from 1; never shorter than `minimum`.
    public func delay(after failures: Int, atLeast minimum: Duration = .zero, random: any RandomSource) -> Duration {
        let doublings = Swift.min(Swift.max(failures - 1, 0), 30)
        let ceiling = Swift.min(base * (1 << doublings), max)
        return Swift.max(minimum, ceiling * (0.5 + random.fraction() / 2))
    }
}
