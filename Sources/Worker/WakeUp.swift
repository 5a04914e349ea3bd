import ImageModel
import Synchronization

/// A signal that is remembered until somebody has waited for it: no wake-up is lost between looking and waiting.
final class WakeUp: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isSignalled = false
        var waiter: (number: UInt64, continuation: CheckedContinuation<Void, Never>)?
        var lastNumber: UInt64 = 0
    }

    /// Wakes the one who waits, now or the next time.
    func signal() {
        let waiter = state.withLock { state in
            state.isSignalled = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume()
    }

    /// Waits for a signal, for `limit` to pass or for the task to be cancelled. Only one may wait.
    ///
    /// - Returns: Whether something other than the limit ended it.
    @discardableResult
    func wait(atMost limit: Duration, time: any TimeSource) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.signalled()
                return true
            }
            group.addTask {
                try? await time.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? true
        }
    }

    private func signalled() async {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.isSignalled || Task.isCancelled {
                        state.isSignalled = false
                        return true
                    }
                    state.waiter = (number, continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                guard state.waiter?.number == number else { return nil as CheckedContinuation<Void, Never>? }
                defer { state.waiter = nil }
                return state.waiter?.continuation
            }
            waiter?.resume()
        }
    }
}
