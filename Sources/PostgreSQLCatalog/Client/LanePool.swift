import Dispatch
import Synchronization

/// Threads that each own one connection and do one piece of work at a time.
///
/// Few connections serve a worker, and a server has to bear those of hundreds of workers: a further lane connects only when
/// work has waited for ``patience``, the lane that was busy last is the first to get work again, and one without work for
/// ``idleSeconds`` ends with its connection, so that a worker that rests takes one connection.
final class LanePool: Sendable {
    /// Work on a connection. It answers its caller itself, also when the session cannot connect.
    typealias Work = @Sendable (Session) -> Void

    private struct State {
        var waiting: [(work: Work, since: Int64)] = []
        /// Lanes without work, the one that had some last at the end.
        var idle: [Lane] = []
        /// What was handed to lanes that have not yet woken up to it.
        var handedOver: [Int: Work] = [:]
        /// The next lane, which is not connected and watches how long work waits: whatever keeps all others busy, a lock
        /// perhaps, there is one thread that does not wait for it.
        var reserve: Lane?
        var lanes = 0
        var started = 0
        var isClosed = false
        var closers: [@Sendable () -> Void] = []

        mutating func makeLane() -> Lane {
            started += 1
            return Lane(number: started)
        }
    }

    private struct Lane: Sendable {
        let number: Int
        let arrival = DispatchSemaphore(value: 0)
    }

    private let state = Mutex(State())
    private let makeSession: @Sendable () -> Session
    private let limit: Int
    private let idleSeconds: Double
    /// Runs something on a thread of its own; false when the system has none to spare.
    private let spawn: @Sendable (@escaping @Sendable () -> Void) -> Bool

    /// How long work may wait before a further lane connects, in microseconds: some transactions long, less than a new
    /// connection takes, and nothing against what a lane may have to wait for a lock.
    private static let patience: Int64 = 20_000

    init(
        limit: Int, idleSeconds: Double = 60,
        spawn: @escaping @Sendable (@escaping @Sendable () -> Void) -> Bool = {
            spawnThread(named: "catalog-lane", $0)
        },
        makeSession: @escaping @Sendable () -> Session
    ) {
        self.limit = limit
        self.idleSeconds = idleSeconds
        self.spawn = spawn
        self.makeSession = makeSession
    }

    /// Hands work to a lane.
    ///
    /// - Returns: Whether it will be done; false once the pool is closed or when the system has no thread to spare.
    func submit(_ work: @escaping Work) -> Bool {
        enum Next {
            case refused, taken
            case watched(Lane)
        }
        let now = ServerClock.now
        let next = state.withLock { state -> Next in
            guard !state.isClosed else { return .refused }
            if let lane = state.idle.popLast() {
                state.handedOver[lane.number] = work
                lane.arrival.signal()
                return .taken
            }
            state.waiting.append((work, now))
            guard state.lanes == 0 else { return Self.watched(&state, limit: limit).map(Next.watched) ?? .taken }
            // Under the lock: nobody else may count on a lane that there will not be.
            let lane = state.makeLane()
            guard spawn({ self.run(lane) }) else {
                state.waiting.removeLast()
                return .refused
            }
            state.lanes = 1
            return .taken
        }
        switch next {
        case .refused: return false
        case .taken: return true
        case .watched(let lane):
            startReserve(lane)
            return true
        }
    }

    /// Has the reserve watch what waits; returns it when it has yet to be started.
    private static func watched(_ state: inout State, limit: Int) -> Lane? {
        guard !state.waiting.isEmpty, state.lanes < limit else { return nil }
        if let reserve = state.reserve {
            reserve.arrival.signal()
            return nil
        }
        let lane = state.makeLane()
        state.reserve = lane
        return lane
    }

    /// Without a thread for it the lanes that there are come to what waits.
    private func startReserve(_ lane: Lane) {
        if spawn({ if self.isNeeded(lane) { self.run(lane) } }) { return }
        state.withLock { $0.reserve = nil }
    }

    /// Waits until work has waited for too long, which makes a lane of the reserve; or for ``idleSeconds`` until none waits.
    private func isNeeded(_ reserve: Lane) -> Bool {
        enum Step {
            case joins, ends, rests
            case waits(seconds: Double)
        }
        var isTimeUp = false
        while true {
            let now = ServerClock.now
            let step = state.withLock { [isTimeUp] state -> Step in
                let left = state.waiting.first.map { $0.since + Self.patience - now }
                if left == nil, !state.isClosed, !isTimeUp { return .rests }
                if let left, left > 0 { return .waits(seconds: Double(left) / 1_000_000) }
                state.reserve = nil
                guard left != nil else { return .ends }
                state.lanes += 1
                return .joins
            }
            switch step {
            case .joins: return true
            case .ends: return false
            case .rests: isTimeUp = reserve.arrival.wait(timeout: .now() + idleSeconds) == .timedOut
            case .waits(let seconds): _ = reserve.arrival.wait(timeout: .now() + seconds)
            }
        }
    }

    private func run(_ lane: Lane) {
        let session = makeSession()
        while let work = next(for: lane) { work(session) }
        session.end()
        let closers = state.withLock { state -> [@Sendable () -> Void] in
            state.lanes -= 1
            guard state.isClosed, state.lanes == 0 else { return [] }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer() }
    }

    /// The oldest work, for which this lane waits if need be; nil when the lane is to end.
    private func next(for lane: Lane) -> Work? {
        let (work, isClosed, reserve) = state.withLock { state -> (Work?, Bool, Lane?) in
            guard !state.waiting.isEmpty else {
                if !state.isClosed { state.idle.append(lane) }
                return (nil, state.isClosed, nil)
            }
            let work = state.waiting.removeFirst().work
            return (work, false, Self.watched(&state, limit: limit))
        }
        if let reserve { startReserve(reserve) }
        return work ?? (isClosed ? nil : handedOver(to: lane))
    }

    private func handedOver(to lane: Lane) -> Work? {
        while true {
            let isTimeUp = lane.arrival.wait(timeout: .now() + idleSeconds) == .timedOut
            let (work, ends) = state.withLock { state -> (Work?, Bool) in
                if let work = state.handedOver.removeValue(forKey: lane.number) { return (work, false) }
                // Lanes that end meanwhile are no longer among the idle.
                let ends = state.isClosed || isTimeUp && state.idle.count > 1
                if ends { state.idle.removeAll { $0.number == lane.number } }
                return (nil, ends)
            }
            if let work { return work }
            if ends { return nil }
        }
    }

    /// Does what was handed in, closes all connections and returns when they are closed.
    func close() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.lanes > 0 { state.closers.append { continuation.resume() } }
                Self.end(&state)
                return state.lanes == 0
            }
            if isDone { continuation.resume() }
        }
    }

    /// The same without waiting, for a pool that nobody will ask any more.
    func abandon() {
        state.withLock { Self.end(&$0) }
    }

    private static func end(_ state: inout State) {
        state.isClosed = true
        for lane in state.idle { lane.arrival.signal() }
        state.reserve?.arrival.signal()
    }
}
