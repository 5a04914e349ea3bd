import JobMessages
import Synchronization

@testable import Worker

/// Exchanges that confirm nothing before a test says so.
final class HeldExchange: EventExchange {
    private struct State {
        var published: [OutgoingEvent] = []
        var buried: [BuriedMessage] = []
        var failing: Set<String> = []
        var refused: Set<String> = []
        var isHeld: Bool
        var held: [CheckedContinuation<Void, Never>] = []
        var watchers: [(count: Int, routingKey: String?, continuation: CheckedContinuation<Void, Never>)] = []

        func published(under routingKey: String?) -> Int {
            routingKey.map { key in published.count { $0.routingKey == key } } ?? published.count
        }
    }

    private let state: Mutex<State>

    /// - Parameter isHeld: Whether confirms wait for ``release()``.
    init(isHeld: Bool = false) {
        state = Mutex(State(isHeld: isHeld))
    }

    /// Everything that was published so far, confirmed or not.
    var published: [OutgoingEvent] { state.withLock { $0.published } }
    var buried: [BuriedMessage] { state.withLock { $0.buried } }

    /// The next publish under this routing key is not confirmed.
    func fail(_ routingKey: String) {
        state.withLock { _ = $0.failing.insert(routingKey) }
    }

    /// No publish under one of these routing keys is confirmed, until the next call.
    func refuse(_ routingKeys: Set<String>) {
        state.withLock { $0.refused = routingKeys }
    }

    /// Confirms all that waits, and from now on everything at once.
    func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Returns once so many events were published, under this routing key or any.
    func waitForPublished(_ count: Int, under routingKey: String? = nil) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                let isThere = state.published(under: routingKey) >= count
                if !isThere { state.watchers.append((count, routingKey, continuation)) }
                return isThere
            }
            if isThere { continuation.resume() }
        }
    }

    func publish(_ event: OutgoingEvent) async throws(EventExchangeError) -> Routing {
        let (isFailing, watchers) = state.withLock { state in
            state.published.append(event)
            let watchers = state.watchers
            let due = watchers.filter { $0.count <= state.published(under: $0.routingKey) }
            state.watchers = watchers.filter { $0.count > state.published(under: $0.routingKey) }
            let isRefused = state.refused.contains(event.routingKey)
            return (state.failing.remove(event.routingKey) != nil || isRefused, due)
        }
        for watcher in watchers { watcher.continuation.resume() }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHeld { state.held.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        // As the real one: a publish that is cancelled may have reached the broker and fails all the same.
        guard !isFailing, !Task.isCancelled else { throw EventExchangeError("not confirmed") }
        return .routed
    }

    func reply(_ event: OutgoingEvent, to queue: String) async throws(EventExchangeError) -> Routing {
        try await publish(event)
    }

    func bury(_ letter: BuriedMessage) async throws(EventExchangeError) -> Routing {
        state.withLock { $0.buried.append(letter) }
        return .routed
    }
}
