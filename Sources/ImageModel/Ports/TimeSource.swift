/// Where logic gets its time from, so that a simulation can give it another.
public protocol TimeSource: Sendable {
    /// The time since some fixed moment; it never goes back and counts suspended time (CLOCK_BOOTTIME).
    func now() -> Duration

    /// Returns after `duration`.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws
}
