import ImageModel
import Synchronization

/// How long this worker waits before it answers a hint that every idle worker hears and one of them can follow.
///
/// Whoever got a job by the last one answers at once; the others at random moments of a while that grows when they claim
/// in vain, because then there are many of them. <doc:LookingForWork> says why it is this and not a turn.
final class HintDelay: Sendable {
    /// The while after which one idle worker among few answers.
    static let shortest = Duration.milliseconds(100)
    /// The while among hundreds.
    static let longest = Duration.seconds(1)
    /// How long it is remembered that there are many.
    static let memory = Duration.seconds(60)

    private struct State {
        var ceiling = HintDelay.shortest
        var lastVainClaim: Duration?
        var isAnswering = false
    }

    private let state = Mutex(State())

    /// The wait before the next answer.
    func next(at now: Duration, random: any RandomSource) -> Duration {
        let ceiling = state.withLock { state in
            if let last = state.lastVainClaim, now - last > Self.memory {
                state.ceiling = min(state.ceiling, Self.shortest)
                state.lastVainClaim = nil
            }
            return state.ceiling
        }
        return ceiling * random.fraction()
    }

    /// A look has found nothing: others were quicker, or there was nothing for this worker.
    func lookedInVain() {
        state.withLock { $0.ceiling = max($0.ceiling, Self.shortest) }
    }

    /// The next claim is the answer to a hint.
    func expectClaim() {
        state.withLock { $0.isAnswering = true }
    }

    /// What became of a claim; one that answers no hint says nothing about others.
    func claimed(_ count: Int, at now: Duration) {
        state.withLock { state in
            guard state.isAnswering else { return }
            state.isAnswering = false
            if count > 0 {
                state.ceiling = .zero
            } else {
                state.ceiling = min(max(state.ceiling * 2, Self.shortest), Self.longest)
                state.lastVainClaim = now
            }
        }
    }
}
