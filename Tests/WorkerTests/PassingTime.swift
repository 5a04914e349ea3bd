import ImageModel
import Synchronization

/// Time that passes when somebody sleeps, and at once.
final class PassingTime: TimeSource {
    private let passed = Mutex(Duration.zero)

    func now() -> Duration { passed.withLock(\.self) }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        passed.withLock { $0 += duration }
        await Task.yield()
    }
}
