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

    private let beats = Mutex<[Loop: Duration]>([:])

    func beat(_ loop: Loop, at now: Duration) {
        beats.withLock { $0[loop] = now }
    }

    /// The loops whose last beat is older than `limit`; one that never beat is not late.
    func late(at now: Duration, limit: Duration) -> [Loop] {
        beats.withLock { beats in Loop.allCases.filter { loop in beats[loop].map { now - $0 > limit } ?? false } }
    }
}
