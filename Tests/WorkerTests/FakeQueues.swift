import ImageModel
import JobMessages
import Synchronization

@testable import Worker

/// Intake queues in memory: they hand out no more than `prefetch` unacknowledged messages, like a broker.
final class FakeQueues: JobQueues {
    private struct State {
        var waiting: [IncomingMessage] = []
        var unsettled: [Int: IncomingMessage] = [:]
        var givenBack = 0
        var acknowledged = 0
        var rejected = 0
        var consumed: Set<JobKind> = []
        var hasEnded = false
        var last = 0
        var taker: CheckedContinuation<Void, Never>?
        var observers: [CheckedContinuation<Void, Never>] = []
        var onAcknowledge: (@Sendable (Int) async -> Void)?
    }

    private let state = Mutex(State())
    private let prefetch: Int

    init(prefetch: Int) {
        self.prefetch = prefetch
    }

    var acknowledged: Int { state.withLock { $0.acknowledged } }
    /// How often everything unsettled was given back.
    var givenBack: Int { state.withLock { $0.givenBack } }
    var rejected: Int { state.withLock { $0.rejected } }
    var consumed: Set<JobKind> { state.withLock { $0.consumed } }

    func publish(_ message: IncomingMessage) {
        change { $0.waiting.append(message) }
    }

    func onAcknowledge(_ body: @escaping @Sendable (Int) async -> Void) {
        state.withLock { $0.onAcknowledge = body }
    }

    /// Ends the deliveries: whoever waits for one gets none.
    func end() {
        change { $0.hasEnded = true }
    }

    /// Lets deliveries come again.
    func goOn() {
        change { $0.hasEnded = false }
    }

    func waitUntilStopped(_ kind: JobKind) async {
        await wait { !$0.consumed.contains(kind) }
    }

    func waitUntilConsumed(_ kind: JobKind) async {
        await wait { $0.consumed.contains(kind) }
    }

    func waitForAcknowledged(_ count: Int) async {
        await wait { $0.acknowledged >= count }
    }

    func nextDeliveries(upTo limit: Int) async -> [JobDelivery<Int>] {
        while true {
            let taken: [JobDelivery<Int>]? = state.withLock { state in
                if state.hasEnded { return [] }
                let consumed = Set(state.consumed.map(\.rawValue))
                let places = state.waiting.indices.filter { consumed.contains(state.waiting[$0].routingKey) }
                    .prefix(min(limit, prefetch - state.unsettled.count))
                guard !places.isEmpty else { return nil }
                let messages = places.map { state.waiting[$0] }
                for place in places.reversed() { state.waiting.remove(at: place) }
                return messages.map { message in
                    state.last += 1
                    state.unsettled[state.last] = message
                    return JobDelivery(id: state.last, content: .message(message))
                }
            }
            if let taken { return taken }
            await withCheckedContinuation { continuation in
                let mayGoOn = state.withLock { state in
                    if state.hasEnded { return true }
                    state.taker = continuation
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
        }
    }

    func startConsuming(_ kind: JobKind) async {
        change { $0.consumed.insert(kind) }
    }

    func stopConsuming(_ kind: JobKind) async {
        change { $0.consumed.remove(kind) }
    }

    func acknowledge(_ deliveries: [Int]) async {
        await state.withLock { $0.onAcknowledge }?(deliveries.count)
        change { state in
            // What was given back meanwhile is not this worker's to acknowledge any more.
            for id in deliveries where state.unsettled.removeValue(forKey: id) != nil { state.acknowledged += 1 }
        }
    }

    func reject(_ delivery: Int) async {
        change { $0.rejected += 1 }
    }

    func giveBackUnsettled() async {
        change { state in
            state.waiting = state.unsettled.sorted { $0.key < $1.key }.map(\.value) + state.waiting
            state.unsettled = [:]
            state.givenBack += 1
        }
    }

    /// Changes the state and wakes everybody who waits for a change.
    private func change<Ignored>(_ body: (inout State) -> Ignored) {
        let woken = state.withLock { state in
            _ = body(&state)
            defer {
                state.taker = nil
                state.observers = []
            }
            return state.observers + (state.taker.map { [$0] } ?? [])
        }
        for continuation in woken { continuation.resume() }
    }

    private func wait(until isTrue: @escaping @Sendable (State) -> Bool) async {
        while true {
            var isDone = false
            await withCheckedContinuation { continuation in
                isDone = state.withLock { state in
                    if isTrue(state) { return true }
                    state.observers.append(continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
            if isDone { return }
        }
    }
}
