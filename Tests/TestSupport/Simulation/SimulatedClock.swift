import ImageModel

/// Time that passes only when nobody has anything to do.
// Unchecked: touched only by the one thread that runs its history.
final class SimulatedClock: @unchecked Sendable {
    private struct Sleeper {
        let deadline: Int64
        let number: UInt64
        let continuation: UnsafeContinuation<Bool, Never>

        func isAfter(_ other: Self) -> Bool { (deadline, number) > (other.deadline, other.number) }
    }

    private var microseconds: Int64 = 0
    private var lastNumber: UInt64 = 0
    /// The next one last.
    private var sleepers: [Sleeper] = []

    var now: Duration { .microseconds(microseconds) }
    var timestamp: Timestamp { Timestamp(microseconds: 1_790_000_000_000_000 + microseconds) }

    /// Returns after `duration`, or throws as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws(CancellationError) {
        let number = nextNumber()
        let hasPassed = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: false)
                } else {
                    add(continuation, number, after: duration)
                }
            }
        } onCancel: {
            cancel(number)
        }
        guard hasPassed else { throw CancellationError() }
    }

    /// Returns after `duration`, whatever happens to the task.
    func pass(_ duration: Duration) async {
        _ = await withUnsafeContinuation { add($0, nextNumber(), after: duration) }
    }

    /// Goes on to the next sleeper's moment and wakes it; false when nobody sleeps.
    func wakeNext() -> Bool {
        guard let sleeper = sleepers.popLast() else { return false }
        microseconds = max(microseconds, sleeper.deadline)
        sleeper.continuation.resume(returning: true)
        return true
    }

    private func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private func add(_ continuation: UnsafeContinuation<Bool, Never>, _ number: UInt64, after duration: Duration) {
        let sleeper = Sleeper(
            deadline: microseconds + max(0, duration.wholeMicroseconds), number: number, continuation: continuation)
        let index = sleepers.firstIndex { sleeper.isAfter($0) } ?? sleepers.endIndex
        sleepers.insert(sleeper, at: index)
    }

    private func cancel(_ number: UInt64) {
        guard let index = sleepers.firstIndex(where: { $0.number == number }) else { return }
        sleepers.remove(at: index).continuation.resume(returning: false)
    }
}
