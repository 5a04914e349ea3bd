import Synchronization

/// Why a running job is to stop.
public enum StopReason: Sendable, Hashable {
    /// The lease could not be renewed in time, or somebody else has the job.
    case leaseLost
    /// Somebody asked for the end of the job.
    case cancelRequested
    /// The job was to end by its deadline, and did not.
    case deadlinePassed
    /// The worker stops.
    case shutdown

    /// Whether nothing will come of the job, so that what it has done is of no use to anybody.
    var endsJob: Bool { self == .cancelRequested || self == .deadlinePassed }
}

/// The handle by which a worker stops one running job.
///
/// The first reason given stands, until the lease is lost: from then on nothing may be written about the job, whatever it was
/// stopped for.
public final class JobControl: Sendable {
    private let state = Mutex(State())

    private struct State {
        var reason: StopReason?
        var waiter: CheckedContinuation<StopReason?, Never>?
        var isAbandoned = false
    }

    /// A handle of a job that goes on.
    public init() {}

    /// Why the job was stopped; nil while it goes on.
    public var reason: StopReason? { state.withLock { $0.reason } }

    /// Stops the job, unless it was stopped before.
    ///
    /// - Returns: Whether that changed anything: the job went on until now, or its lease was good.
    @discardableResult
    public func stop(_ reason: StopReason) -> Bool {
        let (isNews, waiter) = state.withLock { state -> (Bool, CheckedContinuation<StopReason?, Never>?) in
            guard state.reason == nil || reason == .leaseLost && state.reason != .leaseLost else {
                return (false, nil)
            }
            state.reason = reason
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume(returning: reason)
        return isNews
    }

    /// Waits for ``stop(_:)``; nil when the waiting task was cancelled first. Only one may wait.
    func stopped() async -> StopReason? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: StopReason?? = state.withLock { state in
                    if let reason = state.reason { return .some(reason) }
                    if state.isAbandoned { return .some(nil) }
                    state.waiter = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.isAbandoned = true
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}
