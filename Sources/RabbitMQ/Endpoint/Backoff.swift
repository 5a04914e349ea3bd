/// Exponential backoff with full jitter above a floor.
///
/// The pause before attempt n lies between half and all of `base * 2^n`, capped at `maximum`. Jitter keeps a fleet
/// of workers from returning to a restarted broker in the same instant.
public struct Backoff: Sendable, Hashable {
    /// The longest first pause.
    public var base: Duration
    /// No pause is longer.
    public var maximum: Duration

    /// Makes a backoff.
    ///
    /// - Parameters:
    ///   - base: The longest first pause.
    ///   - maximum: No pause is longer.
    public init(base: Duration = .milliseconds(500), maximum: Duration = .seconds(30)) {
        self.base = base
        self.maximum = maximum
    }

    /// The pause after `failures` failures in a row.
    ///
    /// - Parameters:
    ///   - failures: How many attempts have failed since the last success, at least 1.
    ///   - random: The source of jitter.
    func pause(afterFailures failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        var ceiling = base
        for _ in 1..<max(2, min(failures, 64)) where failures > 1 && ceiling < maximum {
            ceiling *= 2
        }
        ceiling = min(ceiling, maximum)
        return ceiling * Double.random(in: 0.5...1, using: &random)
    }
}
