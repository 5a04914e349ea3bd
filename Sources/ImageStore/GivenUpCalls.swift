/// Whether a store shall give calls up that are on their way when the task that waits for them is cancelled.
///
/// A store that is asked over a network may keep whoever asks waiting for minutes. A worker that stops waits for it: what is
/// stored then need not be fetched again. Who wants the end of a job waits for nobody.
public enum GivenUpCalls {
    /// Asked when a task is cancelled that waits for a store; nil: no call is given up.
    @TaskLocal public static var judge: (@Sendable () -> Bool)?
}
