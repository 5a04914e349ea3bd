import Synchronization

/// State that several tasks change, and wait for each other's changes of.
final class Monitor<State: Sendable>: Sendable {
    private struct Guarded: Sendable {
        var state: State
        var changes: UInt64 = 0
        var waiting: [CheckedContinuation<Void, Never>] = []

        mutating func noteChange() -> [CheckedContinuation<Void, Never>] {
            changes += 1
            defer { waiting = [] }
            return waiting
        }
    }

    private let guarded: Mutex<Guarded>

    init(_ state: State) {
        guarded = Mutex(Guarded(state: state))
    }

    /// Reads or changes the state; everybody who waits looks again.
    @discardableResult
    func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        let (value, waiting) = guarded.withLock { guarded in
            let value = body(&guarded.state)
            return (value, guarded.noteChange())
        }
        for continuation in waiting { continuation.resume() }
        return value
    }

    /// Looks at the state, after each change, until `body` has an answer; it changes nothing before.
    ///
    /// - Parameter isCancellable: Whether a cancelled task waits no longer: then nil comes back.
    func wait<Value: Sendable>(isCancellable: Bool = false, for body: (inout State) -> Value?) async -> Value? {
        while true {
            let (value, seen, woken) = guarded.withLock { guarded in
                let value = body(&guarded.state)
                return (value, guarded.changes, value == nil ? [] : guarded.noteChange())
            }
            for continuation in woken { continuation.resume() }
            if let value { return value }
            if isCancellable, Task.isCancelled { return nil }
            await change(after: seen, isCancellable: isCancellable)
        }
    }

    private func change(after seen: UInt64, isCancellable: Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = guarded.withLock { guarded in
                    if guarded.changes != seen || isCancellable && Task.isCancelled { return true }
                    guarded.waiting.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            if isCancellable { change { _ in } }
        }
    }
}
