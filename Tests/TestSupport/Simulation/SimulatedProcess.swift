import ImageModel
import Worker

/// The process of one worker: the switch that every port of the worker asks before it does anything.
///
/// A killed process has no more effects, whatever its tasks still try; a paused one has none until it goes on, however
/// long after its leases have run out.
// Unchecked: touched only by the one thread that runs its history.
final class SimulatedProcess: @unchecked Sendable {
    let id: WorkerID
    let clock: SimulatedClock
    let weather: Weather
    let drain = DrainRequest()
    private(set) var isDead = false
    private var fate: Fate
    private var calls = 0
    fileprivate var pausedUntil: Duration = .zero
    private var mourners: [() -> Void] = []
    private var waiter: UnsafeContinuation<Void, Never>?

    init(id: WorkerID, clock: SimulatedClock, weather: Weather) {
        self.id = id
        self.clock = clock
        self.weather = weather
        fate = weather.nextFate()
    }

    /// Thrown by calls of a process that is no more.
    struct Ended: Error {}

    /// The way to the outside world: what follows may take effect.
    func depart() async throws(Ended) {
        try await live()
        if let latency = weather.latency() {
            await clock.pass(latency)
            try await live()
        }
    }

    /// The way back: a process may die or be stopped between an effect and its answer.
    func arrive() async throws(Ended) {
        try await depart()
    }

    /// Does something on death, at once.
    func onDeath(_ action: @escaping () -> Void) {
        mourners.append(action)
    }

    /// Kills the process.
    func die() {
        guard !isDead else { return }
        isDead = true
        for mourner in mourners { mourner() }
        mourners = []
        waiter?.resume()
        waiter = nil
    }

    /// Waits for the death, or for the end of the task.
    func death() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if isDead || Task.isCancelled { continuation.resume() } else { waiter = continuation }
            }
        } onCancel: {
            waiter?.resume()
            waiter = nil
        }
    }

    private func live() async throws(Ended) {
        meetFate()
        while !isDead, pausedUntil > clock.now { await clock.pass(pausedUntil - clock.now) }
        if isDead { throw Ended() }
    }

    private func meetFate() {
        guard !isDead, !weather.isClear else { return }
        calls += 1
        switch fate {
        case .die(let limit) where calls >= limit:
            weather.count(.crash)
            die()
        case .pause(let limit, let duration) where calls >= limit:
            weather.count(.pause)
            pausedUntil = clock.now + duration
            calls = 0
            fate = weather.nextFate()
        case .drain(let limit) where calls >= limit:
            weather.count(.drain)
            drain.request()
            calls = 0
            fate = weather.dice.chance(0.5) ? .live : .die(afterCalls: weather.dice.int(1...30))
        default: break
        }
    }
}

/// The clock of a process: it sleeps on while the process is stopped.
struct ProcessTime: TimeSource {
    let process: SimulatedProcess

    func now() -> Duration { process.clock.now }

    func sleep(for duration: Duration) async throws {
        try await process.clock.sleep(for: duration)
        try await process.hold()
    }
}

extension SimulatedProcess {
    /// Waits while the process is stopped; a timer is no call.
    func hold() async throws(Ended) {
        while !isDead, pausedUntil > clock.now { await clock.pass(pausedUntil - clock.now) }
        if isDead { throw Ended() }
    }
}
