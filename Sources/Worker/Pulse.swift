import ImageModel
import Synchronization

/// When each loop of the process last went round: what `/healthz` judges.
final class Pulse: Sendable {
    /// The loops that must go round whatever happens outside.
    enum Loop: String, CaseIterable, Sendable {
        case scheduler
        case leaseKeeper = "lease_keeper"
        case relay
    }

    private struct State {
        var beat: Duration
        /// Calls that the loop waits for and whose length is not its own.
        var waits = 0
    }

    private let loops = Mutex<[Loop: State]>([:])

    func beat(_ loop: Loop, at now: Duration) {
        loops.withLock { $0[loop, default: State(beat: now)].beat = now }
    }

    /// Asks the catalog on behalf of a loop. For as long as that takes the loop is not late: a database that is slow or
    /// away is mended by no restart.
    func asking<Answer, Failure: Error>(
        _ loop: Loop, _ time: any TimeSource, _ ask: () async throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let begun = time.now()
        loops.withLock { $0[loop, default: State(beat: begun)].waits += 1 }
        defer {
            let ended = time.now()
            loops.withLock { loops in
                loops[loop]?.waits -= 1
                loops[loop]?.beat = ended
            }
        }
        return try await ask()
    }

    /// The loops whose last beat is older than `limit` and that wait for no catalog; one that never beat is not late.
    func late(at now: Duration, limit: Duration) -> [Loop] {
        loops.withLock { loops in
            Loop.allCases.filter { loop in loops[loop].map { $0.waits == 0 && now - $0.beat > limit } ?? false }
        }
    }
}
