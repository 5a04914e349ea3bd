public import ImageModel
import Synchronization

/// A clock that stands still until a test moves it.
public final class AdjustableClock: Sendable {
    private let moment: Mutex<Timestamp>

    /// A clock that shows `start`; by default a moment in 2026.
    public init(start: Timestamp = Timestamp(microseconds: 1_790_000_000_000_000)) {
        moment = Mutex(start)
    }

    /// What the clock shows.
    public var now: Timestamp { moment.withLock { $0 } }

    /// Moves the clock.
    public func advance(by duration: Duration) {
        moment.withLock { $0 = $0 + duration }
    }
}
