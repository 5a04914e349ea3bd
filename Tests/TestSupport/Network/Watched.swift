import Synchronization

/// A value that other threads change, and that tests wait for.
public final class Watched<Value: Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let condition: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var value: Value
        var waiters: [Waiter] = []
        var lastID: UInt64 = 0
    }

    private let state: Mutex<State>

    /// Starts with a value.
    public init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    /// How it is now.
    public var value: Value { state.withLock { $0.value } }

    /// Returns as soon as `condition` holds, or when the task is cancelled.
    public func wait(until condition: @escaping @Sendable (Value) -> Bool) async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isMet = state.withLock { state in
                    let isMet = condition(state.value) || Task.isCancelled
                    if !isMet {
                        state.waiters.append(Waiter(id: id, condition: condition, continuation: continuation))
                    }
                    return isMet
                }
                if isMet { continuation.resume() }
            }
        } onCancel: {
            resume { $0.id == id }
        }
    }

    /// Changes the value and wakes those whose condition holds then.
    public func change(_ body: (inout Value) -> Void) {
        let value = state.withLock { state in
            body(&state.value)
            return state.value
        }
        resume { $0.condition(value) }
    }

    private func resume(where isDue: (Waiter) -> Bool) {
        let due = state.withLock { state in
            let due = state.waiters.filter(isDue)
            state.waiters.removeAll(where: isDue)
            return due
        }
        for waiter in due { waiter.continuation.resume() }
    }
}
