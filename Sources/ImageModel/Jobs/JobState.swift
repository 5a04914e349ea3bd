/// Where a job stands in its life; <doc:LifeCycles> draws it.
public enum JobState: String, Sendable, Codable, CaseIterable {
    /// Waits for a worker.
    case queued
    /// Waits for something named in the job's reason: a predecessor, an image, a limit.
    case deferred
    /// A worker holds its lease.
    case running
    /// Waits for its next attempt.
    case retrying
    /// Ended well.
    case succeeded
    /// Ended with a failure.
    case failed
    /// Ended because somebody asked for it.
    case cancelled

    /// Whether the job has ended; nothing leads out of such a state.
    public var isTerminal: Bool {
        switch self {
        case .succeeded, .failed, .cancelled: true
        case .queued, .deferred, .running, .retrying: false
        }
    }
}
