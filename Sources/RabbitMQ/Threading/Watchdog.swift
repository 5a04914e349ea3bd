import Glibc
import Synchronization

/// Ends connections whose thread hangs in a write.
///
/// librabbitmq 0.11 can wait without limit inside `amqp_basic_publish`. The only way out is from outside: every
/// second this thread looks whether each connection's thread has gone round its loop, and after `limit` looks without
/// a round it shuts the socket down, upon which the write fails. It counts its own looks, not the clock, so that a
/// process that was suspended is not taken for one that hangs. It works on duplicates of the descriptors: a number
/// that the owner has closed may by then belong to another file.
final class Watchdog: Sendable {
    static let shared = Watchdog()

    private struct State {
        var pulses: [WatchdogPulse] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    /// Watches a socket.
    ///
    /// - Parameters:
    ///   - descriptor: The socket, which is duplicated.
    ///   - limit: Seconds without a beat after which the socket is shut down.
    /// - Returns: What the owner beats and stops; nil when the system has no descriptor or thread to spare.
    func watch(_ descriptor: Int32, limit: Int) -> WatchdogPulse? {
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { return nil }
        let pulse = WatchdogPulse(descriptor: duplicate, limit: limit)
        let mustStart = state.withLock { state in
            state.pulses.append(pulse)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart, !spawnThread(named: "amqp-watchdog", { self.watchUntilIdle() }) {
            state.withLock { $0.isRunning = false }
        }
        return pulse
    }

    private func watchUntilIdle() {
        while true {
            sleep(1)
            let pulses = state.withLock { state in
                state.pulses.removeAll { $0.isStopped }
                if state.pulses.isEmpty { state.isRunning = false }
                return state.pulses
            }
            if pulses.isEmpty { return }
            for pulse in pulses { pulse.look() }
        }
    }
}

/// One connection under watch.
final class WatchdogPulse: Sendable {
    private let beats = Atomic<Int>(0)
    private let limit: Int

    private struct State {
        var descriptor: Int32?
        var lastBeats = -1
        var misses = 0
    }

    private let state: Mutex<State>

    init(descriptor: Int32, limit: Int) {
        self.limit = limit
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { stop() }

    /// The connection's thread has gone round its loop.
    func beat() { beats.wrappingAdd(1, ordering: .relaxed) }

    /// The connection is gone.
    func stop() {
        state.withLock { state in
            if let descriptor = state.descriptor { close(descriptor) }
            state.descriptor = nil
        }
    }

    var isStopped: Bool { state.withLock { $0.descriptor == nil } }

    /// Shuts the socket down when this is look number `limit` in a row without a beat.
    func look() {
        let beats = beats.load(ordering: .relaxed)
        state.withLock { state in
            state.misses = beats == state.lastBeats ? state.misses + 1 : 0
            state.lastBeats = beats
            if state.misses >= limit, let descriptor = state.descriptor {
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }
}
