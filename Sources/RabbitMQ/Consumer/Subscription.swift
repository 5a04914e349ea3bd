/// One queue a consumer is asked to consume: what is wanted, and how far the broker has been brought to it.
struct Subscription {
    /// Where deliveries come from.
    enum Source: Sendable, Hashable {
        /// A queue that exists.
        case queue(String)
        /// A queue of this connection alone, named by the broker and gone with it, bound to an exchange.
        case exclusive(exchange: String, patterns: [String])
    }

    /// How far the broker has been brought.
    enum Phase: Equatable {
        /// There is no channel; one may be opened at this moment, or at once.
        case idle(retryAt: ContinuousClock.Instant?)
        /// A channel is being opened.
        case opening
        /// Requests are under way that lead to `consuming`.
        case starting(channel: UInt16)
        case consuming(channel: UInt16)
        /// The consumer is being cancelled.
        case stopping(channel: UInt16)
        /// The channel is open, so that deliveries can be settled, and nothing is consumed.
        case parked(channel: UInt16)
        /// The channel is being closed by us.
        case closing
    }

    let source: Source
    /// Deliveries the broker may send ahead of their settlement.
    var prefetch: UInt16
    var isWanted = true
    /// The channel is to be closed once, so that the broker requeues what is unsettled.
    var mustRecycle = false
    var phase = Phase.idle(retryAt: nil)
    /// The prefetch the present consumer was started with.
    var startedPrefetch: UInt16 = 0
    /// Counts channels over the whole session; see `Delivery.ID`.
    var incarnation: UInt64 = 0
    /// Tags delivered and not settled on the present channel. At most `prefetch`.
    var unsettled: Set<UInt64> = []
    /// Interruptions since the consumer last stood.
    var failures = 0

    init(_ source: Source, prefetch: UInt16) {
        self.source = source
        self.prefetch = prefetch
    }

    /// The channel deliveries are settled on.
    var channel: UInt16? {
        switch phase {
        case .idle, .opening, .closing: nil
        case .starting(let channel), .consuming(let channel), .stopping(let channel), .parked(let channel): channel
        }
    }

    /// What to do next.
    enum Step: Equatable {
        case nothing
        case open
        case start(channel: UInt16)
        case cancel(channel: UInt16)
        case close(channel: UInt16)
    }

    /// What brings the broker nearer to what is wanted.
    func step(now: ContinuousClock.Instant) -> Step {
        switch phase {
        case .opening, .starting, .stopping, .closing: .nothing
        case .idle(let retryAt): isWanted && (retryAt.map { $0 <= now } ?? true) ? .open : .nothing
        case .consuming(let channel) where mustRecycle: .close(channel: channel)
        case .consuming(let channel): isWanted && prefetch == startedPrefetch ? .nothing : .cancel(channel: channel)
        case .parked(let channel) where mustRecycle: .close(channel: channel)
        case .parked(let channel): isWanted ? .start(channel: channel) : .nothing
        }
    }

    /// The channel is gone, and with it all that was unsettled on it.
    mutating func forgetChannel(retryAt: ContinuousClock.Instant?) {
        phase = .idle(retryAt: retryAt)
        unsettled = []
        mustRecycle = false
    }

    /// Takes tags out of the unsettled ones.
    ///
    /// - Returns: Whether there were any; settling a tag twice would make the broker close the channel.
    mutating func settle(_ tag: UInt64, multiple: Bool) -> Bool {
        guard multiple else { return unsettled.remove(tag) != nil }
        let before = unsettled.count
        unsettled = unsettled.filter { $0 > tag }
        return unsettled.count < before
    }
}
