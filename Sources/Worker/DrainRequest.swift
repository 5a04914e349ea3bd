import Synchronization

/// The request to stop taking work, made once and never taken back.
public final class DrainRequest: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isRequested = false
        var onRequest: [@Sendable () -> Void] = []
    }

    /// No request yet.
    public init() {}

    /// Whether it was made.
    public var isRequested: Bool { state.withLock { $0.isRequested } }

    /// Makes the request.
    public func request() {
        let actions = state.withLock { state in
            state.isRequested = true
            defer { state.onRequest = [] }
            return state.onRequest
        }
        for action in actions { action() }
    }

    /// Calls `action` when the request is made, or at once when it was made already.
    func onRequest(_ action: @escaping @Sendable () -> Void) {
        let isRequested = state.withLock { state in
            if !state.isRequested { state.onRequest.append(action) }
            return state.isRequested
        }
        if isRequested { action() }
    }
}
