/// Notices a body that comes slower than a rate for too long, not counting the time in which nobody wanted it.
///
/// The window starts anew whenever the bytes it asks for have come, so silence is noticed exactly one limit after the
/// last window was filled. Moments are durations on any steady clock.
struct StallWatch: Sendable {
    private let limit: Duration
    private let quota: Int64
    private var start: Duration
    private var bytes: Int64 = 0
    private var pausedAt: Duration?

    /// A watch that starts at `now`.
    init(limit: Duration, bytesPerSecond: Int64, now: Duration) {
        self.limit = limit
        quota = max(1, Int64(limit.components.seconds) * bytesPerSecond)
        start = now
    }

    /// Counts bytes that came.
    mutating func record(_ count: Int, now: Duration) {
        bytes += Int64(count)
        guard bytes >= quota else { return }
        bytes = 0
        start = now
    }

    /// Stops the watch.
    mutating func pause(now: Duration) {
        if pausedAt == nil { pausedAt = now }
    }

    /// Lets the watch go on where it stopped.
    mutating func resume(now: Duration) {
        guard let pausedAt else { return }
        start += now - pausedAt
        self.pausedAt = nil
    }

    /// The moment at which the source counts as stalled unless more comes; nil while paused.
    var deadline: Duration? { pausedAt == nil ? start + limit : nil }
}
