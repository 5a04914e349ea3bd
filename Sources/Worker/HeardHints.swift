import ImageModel
import Synchronization

/// The kinds of which jobs were heard to be ready, until a look or a claim that begins after that has answered for them.
///
/// A worker whose slots for a kind are taken need not look for it: when one of its jobs ends it claims anyway, and finds
/// then what it has heard of now.
final class HeardHints: Sendable {
    private struct State {
        var open: Set<JobKind> = []
        /// What was heard since somebody asked.
        var recent: Set<JobKind> = []
        /// A job has ended here, so a claim will begin at once; or one is on its way.
        var isClaiming = false
    }

    private let state = Mutex(State())
    /// Signalled when there may be something to answer.
    let wakeUp = WakeUp()

    /// Jobs of these kinds are ready.
    func hear(_ kinds: Set<JobKind>) {
        state.withLock { state in
            state.open.formUnion(kinds)
            state.recent.formUnion(kinds)
        }
        wakeUp.signal()
    }

    /// The kinds that were heard of since this was called before.
    func takeRecent() -> Set<JobKind> {
        state.withLock { state in
            defer { state.recent = [] }
            return state.recent
        }
    }

    /// Looks and claims up to now may have come too early for jobs of these kinds.
    func reopen(_ kinds: Set<JobKind>) {
        state.withLock { $0.open.formUnion(kinds) }
    }

    /// Whether a claim is on its way or about to begin.
    var isClaiming: Bool { state.withLock { $0.isClaiming } }

    /// A claim will begin soon, whatever is heard.
    func expectClaim() {
        state.withLock { $0.isClaiming = true }
    }

    /// A claim begins, and answers for these kinds.
    func claimBegins(for kinds: Set<JobKind>) {
        state.withLock { state in
            state.isClaiming = true
            state.open.subtract(kinds)
        }
    }

    /// It is over. What was heard meanwhile it may have missed.
    func claimEnded() {
        let isOpen = state.withLock { state in
            state.isClaiming = false
            return !state.open.isEmpty
        }
        if isOpen { wakeUp.signal() }
    }

    /// The kinds that a look for free slots of `kinds` would have to answer for now; none when a claim will.
    func open(among kinds: Set<JobKind>) -> Set<JobKind> {
        state.withLock { $0.isClaiming ? [] : $0.open.intersection(kinds) }
    }

    /// The same for a look that begins: it answers for them.
    func take(among kinds: Set<JobKind>) -> Set<JobKind> {
        state.withLock { state in
            guard !state.isClaiming else { return [] }
            let taken = state.open.intersection(kinds)
            state.open.subtract(taken)
            return taken
        }
    }
}
