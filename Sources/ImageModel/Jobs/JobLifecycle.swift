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

/// The life of a job as one table, so that no other place decides what may follow what.
///
/// ```mermaid
/// stateDiagram-v2
///     [*] --> queued
///     queued --> running: claimed
///     queued --> deferred: deferred
///     deferred --> queued: released
///     retrying --> running: claimed
///     running --> retrying: attemptFailed
///     running --> queued: givenBack
///     running --> deferred: deferred
///     running --> succeeded: succeeded
///     running --> failed: failed
///     running --> cancelled: cancelled
///     queued --> failed: failed
///     queued --> cancelled: cancelled
///     deferred --> failed: failed
///     deferred --> cancelled: cancelled
///     retrying --> failed: failed
///     retrying --> cancelled: cancelled
/// ```
public enum JobLifecycle {
    /// The state after `event` happened in `state`, or nil when that pair is forbidden.
    public static func state(after event: JobEvent, in state: JobState) -> JobState? {
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
