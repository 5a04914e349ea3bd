import Catalog
import ImageJobs
import ImageModel

/// Which part of the outbox to send next: what was never tried comes first, what could not go out is tried again in
/// between.
///
/// While all goes well there is nothing to remember, and every page begins at the front. When something cannot go out, the
/// relay reads on behind it. What stays behind is walked through again, page by page: after each the rest has as much time
/// as the page took, and the pause before the next walk grows. Of however many entries only a few numbers are kept here.
struct RelayCourse {
    /// Up to here everything was tried; what is left of it is stuck, or has to wait for what is. 0 while nothing is.
    private var tried: Int64 = 0
    private var walk = Walk()
    private var failures = 0
    private var nextTry = Duration.zero
    private let backoff: Backoff

    /// What is known of the walk through what is stuck.
    private struct Walk {
        var position: Int64 = 0
        var hasLeft = false
        var hasSent = false
    }

    init(backoff: Backoff) {
        self.backoff = backoff
    }

    /// Whether something could not go out.
    var isStuck: Bool { tried > 0 }

    /// What was never tried.
    var untried: OutboxRange { OutboxRange(after: tried) }

    /// The part to read next, and whether it was tried before.
    func next(at now: Duration) -> (range: OutboxRange, isRetry: Bool) {
        guard isStuck, now >= nextTry else { return (untried, false) }
        return (OutboxRange(after: walk.position, through: tried), true)
    }

    /// How long what is stuck has to wait; nil when nothing is.
    func pause(at now: Duration) -> Duration? { isStuck ? max(.zero, nextTry - now) : nil }

    /// Notes what became of a page.
    ///
    /// - Parameter sent: How many of its entries went out.
    mutating func note(
        _ page: OutboxPage, sent: Int, isRetry: Bool, begun: Duration, now: Duration, random: any RandomSource
    ) {
        let hasLeft = sent < page.entries.count || page.holdsBack
        guard isRetry else { return noteFirstTry(of: page, hasLeft, now, random) }
        walk.hasLeft = walk.hasLeft || hasLeft
        walk.hasSent = walk.hasSent || sent > 0
        nextTry = now + min(now - begun, backoff.max)
        if let last = page.last { walk.position = last }
        guard page.last == nil || walk.position >= tried else { return }
        if !walk.hasLeft { tried = 0 }
        failures = walk.hasSent ? 1 : failures + 1
        nextTry = max(nextTry, now + backoff.delay(after: failures, random: random))
        walk = Walk()
    }

    /// As long as nothing is left behind, the front stays where it is: an entry whose transaction took longer than that
    /// of the one after it is then found at once.
    private mutating func noteFirstTry(
        of page: OutboxPage, _ hasLeft: Bool, _ now: Duration, _ random: any RandomSource
    ) {
        guard hasLeft, let last = page.last else { return }
        if !isStuck {
            failures = 1
            nextTry = now + backoff.delay(after: failures, random: random)
        }
        tried = last
    }
}
