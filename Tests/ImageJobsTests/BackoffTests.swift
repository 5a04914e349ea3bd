import ImageJobs
import ImageModel
import TestSupport
import Testing

@Suite("Backoff between attempts")
struct BackoffTests {
    private let backoff = Backoff(base: .seconds(1), max: .seconds(60))

    @Test("Doubles from the base to the maximum and never leaves the upper half", arguments: 1...100)
    func bounds(failures: Int) {
        let random = SeededRandomSource(seed: UInt64(failures))
        let ceiling = min(Duration.seconds(1) * (1 << min(failures - 1, 20)), .seconds(60))
        for _ in 0..<50 {
            let delay = backoff.delay(after: failures, random: random)
            #expect(delay >= ceiling / 2 && delay <= ceiling)
        }
    }

    @Test("Waits at least as long as the server asked, even beyond the maximum")
    func retryAfter() {
        let random = SeededRandomSource(seed: 1)
        #expect(backoff.delay(after: 1, atLeast: .seconds(300), random: random) == .seconds(300))
    }

    @Test("Workers that failed together do not try again together")
    func jitter() {
        let random = SeededRandomSource(seed: 1)
        let delays = Set((0..<20).map { _ in backoff.delay(after: 3, random: random) })
        #expect(delays.count > 15)
    }
}
