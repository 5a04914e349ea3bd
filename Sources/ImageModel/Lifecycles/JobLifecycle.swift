/// What can happen to a job.
public enum JobEvent: String, Sendable, CaseIterable {
    /// A worker took the job and holds its lease.
    case claimed
    /// Something the job needs is not there yet.
    case deferred
    /// What the job waited for is there.
    case released
    /// An attempt ended in an error that may pass.
    case attemptFailed
    /// The worker stopped, or its lease ran out; the attempt does not count by itself.
    case givenBack
    /// The work is done.
    case succeeded
    /// The work cannot be done.
    case failed
    /// Somebody asked for the end.
    case cancelled
}

extension JobState: LifecycleState {
    /// An accepted job waits for a worker.
    public static var initial: Self { .queued }

    /// The table of a job's life; drawn in <doc:LifeCycles>.
    public static func state(after event: JobEvent, in state: Self) -> Self? {
        switch (state, event) {
        case (.queued, .claimed), (.retrying, .claimed): .running
        case (.queued, .deferred), (.running, .deferred): .deferred
        case (.deferred, .released): .queued
        case (.running, .attemptFailed): .retrying
        case (.running, .givenBack): .queued
        case (.running, .succeeded): .succeeded
        case (.queued, .failed), (.deferred, .failed), (.running, .failed), (.retrying, .failed): .failed
        case (.queued, .cancelled), (.deferred, .cancelled), (.running, .cancelled), (.retrying, .cancelled): .cancelled
        default: nil
        }
    }
}
