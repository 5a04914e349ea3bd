import Dispatch
import Synchronization

/// Threads that each own one connection and do one piece of work at a time.
///
/// A lane is started when work comes and all others are busy, and ends with its connection after ``idleSeconds`` without
/// work, so that a worker that rests takes one connection from the server, not all it may have.
final class LanePool: Sendable {
    /// Work on a connection. It answers its caller itself, also when the session cannot connect.
    typealias Work = @Sendable (Session) -> Void

    private struct State {
        var waiting: [Work] = []
        var lanes = 0
        var idle = 0
        var isClosed = false
        var closers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let arrival = DispatchSemaphore(value: 0)
    private let makeSession: @Sendable () -> Session
    private let limit: Int
    private let idleSeconds: Double

    init(limit: Int, idleSeconds: Double = 60, makeSession: @escaping @Sendable () -> Session) {
        self.limit = limit
        self.idleSeconds = idleSeconds
        self.makeSession = makeSession
    }

    /// Hands work to a lane.
    ///
    /// - Returns: Whether it will be done; false once the pool is closed or when the system has no thread to spare.
    func submit(_ work: @escaping Work) -> Bool {
        enum Next { case refused, started, waits }
        let next = state.withLock { state -> Next in
            guard !state.isClosed else { return .refused }
            state.waiting.append(work)
            guard state.waiting.count > state.idle, state.lanes < limit else { return .waits }
            state.lanes += 1
            state.idle += 1
            return .started
        }
        switch next {
        case .refused: return false
        case .started: return spawn()
        case .waits:
            arrival.signal()
            return true
        }
    }

    private func spawn() -> Bool {
        if spawnThread(named: "catalog-lane", { self.lane() }) {
            arrival.signal()
            return true
        }
        let isTaken = state.withLock { state in
            state.lanes -= 1
            state.idle -= 1
            // Another lane will come to it.
            if state.lanes > 0 { return true }
            state.waiting.removeLast()
            return false
        }
        if isTaken { arrival.signal() }
        return isTaken
    }

    private func lane() {
        let session = makeSession()
        while let work = next() {
            work(session)
            state.withLock { $0.idle += 1 }
        }
        session.close()
        let closers = state.withLock { state -> [@Sendable () -> Void] in
            state.lanes -= 1
            guard state.isClosed, state.lanes == 0 else { return [] }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer() }
    }

    /// The oldest work; nil when this lane is to end.
    private func next() -> Work? {
        while true {
            let isTimeUp = arrival.wait(timeout: .now() + idleSeconds) == .timedOut
            let step = state.withLock { state -> (work: Work?, ends: Bool) in
                if !state.waiting.isEmpty {
                    state.idle -= 1
                    return (state.waiting.removeFirst(), false)
                }
                let ends = state.isClosed || isTimeUp && state.lanes > 1
                if ends { state.idle -= 1 }
                return (nil, ends)
            }
            if let work = step.work { return work }
            if step.ends { return nil }
        }
    }

    /// Does what was handed in, closes all connections and returns when they are closed.
    func close() async {
        await withCheckedContinuation { continuation in
            let (lanes, isDone) = state.withLock { state -> (Int, Bool) in
                state.isClosed = true
                if state.lanes > 0 { state.closers.append { continuation.resume() } }
                return (state.lanes, state.lanes == 0)
            }
            if isDone { continuation.resume() }
            for _ in 0..<lanes { arrival.signal() }
        }
    }

    /// The same without waiting, for a pool that nobody will ask any more.
    func abandon() {
        let lanes = state.withLock { state in
            state.isClosed = true
            return state.lanes
        }
        for _ in 0..<lanes { arrival.signal() }
    }
}
