import ImageModel
import Logging
import Synchronization
import Testing
import Worker

@Suite("What a service manager is told", .timeLimit(.minutes(2)))
struct ServiceReporterTests {
    /// A manager that keeps what it is told, and time that passes only when everybody who sleeps is woken.
    private final class Manager: TimeSource {
        private struct State {
            var notices: [ServiceNotice] = []
            var isDeaf = false
            var late: [String] = []
            var trouble: String?
            var storeTrouble: String?
            var now = Duration.zero
            var sleepers: [CheckedContinuation<Void, Never>] = []
            var isOver = false
        }
        private let state = Mutex(State())

        var notices: [ServiceNotice] {
            get { state.withLock { $0.notices } }
            set { state.withLock { $0.notices = newValue } }
        }

        /// The worker's loops that hang, as it says itself.
        var late: [String] {
            get { state.withLock { $0.late } }
            set { state.withLock { $0.late = newValue } }
        }

        /// What the worker lacks.
        var trouble: String? {
            get { state.withLock { $0.trouble } }
            set { state.withLock { $0.trouble = newValue } }
        }

        /// What its store lacks.
        var storeTrouble: String? {
            get { state.withLock { $0.storeTrouble } }
            set { state.withLock { $0.storeTrouble = newValue } }
        }

        func turn(deaf isDeaf: Bool) { state.withLock { $0.isDeaf = isDeaf } }

        func hear(_ notices: [ServiceNotice]) -> Bool {
            state.withLock { state in
                if !state.isDeaf { state.notices += notices }
                return !state.isDeaf
            }
        }

        func now() -> Duration { state.withLock { $0.now } }

        func sleep(for duration: Duration) async throws {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.isOver { state.sleepers.append(continuation) }
                    return state.isOver
                }
                if isOver { continuation.resume() }
            }
            try Task.checkCancellation()
        }

        /// Wakes everybody once `count` sleep, and waits until `count` sleep again.
        func pass(_ count: Int) async {
            await untilAsleep(count)
            wake()
            await untilAsleep(count)
        }

        func untilAsleep(_ count: Int) async {
            while state.withLock({ $0.sleepers.count }) < count { await Task.yield() }
        }

        func wake(forever: Bool = false) {
            let sleepers = state.withLock { state in
                state.isOver = state.isOver || forever
                defer { state.sleepers = [] }
                return state.sleepers
            }
            for sleeper in sleepers { sleeper.resume() }
        }
    }

    private let manager = Manager()

    private func reporter(watchdog: Duration? = .seconds(4)) -> ServiceReporter {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ServiceReporter(watchdog: watchdog, time: manager, logger: logger) { [manager] in manager.hear($0) }
    }

    private func withReadiness(
        of reporter: ServiceReporter, _ body: () async throws -> Void
    ) async throws {
        let checks = [
            ReadinessCheck("broker") { [manager] in manager.trouble },
            ReadinessCheck("store.b", isEssential: false) { [manager] in manager.storeTrouble },
        ]
        try await reporter.accompany {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [manager] in
                    await reporter.announceReadiness(lateLoops: { manager.late }, checks: checks)
                }
                defer { group.cancelAll() }
                defer { manager.wake(forever: true) }
                try await body()
            }
        }
    }

    @Test("More time while it starts, what it waits for, and that it is ready once all can be reached")
    func start() async throws {
        manager.trouble = "not connected"
        try await withReadiness(of: reporter()) {
            await manager.untilAsleep(2)
            #expect(manager.notices.contains(.status("Waits for broker: not connected")))
            #expect(manager.notices.contains(.extendTimeout(.seconds(30))))
            #expect(!manager.notices.contains(.ready))
            manager.trouble = nil
            await manager.pass(1)
            while !manager.notices.contains(.ready) { await Task.yield() }
            #expect(manager.notices.contains(.status("Ready")))
        }
        #expect(manager.notices.count { $0 == .ready } == 1)
    }

    @Test("A worker without one of its stores is ready, and says which is away until that is back")
    func withoutStore() async throws {
        manager.storeTrouble = "gone"
        try await withReadiness(of: reporter()) {
            while !manager.notices.contains(.status("Ready, but without store.b: gone")) { await Task.yield() }
            #expect(manager.notices.count { $0 == .ready } == 1)
            await manager.untilAsleep(2)
            manager.notices = []
            // What it cannot do without is no matter of the manager's any more.
            manager.trouble = "not connected"
            await manager.pass(2)
            #expect(manager.notices == [.watchdog])
            manager.storeTrouble = nil
            manager.wake()
            while !manager.notices.contains(.status("Ready")) { await Task.yield() }
            await manager.untilAsleep(1)
        }
        #expect(!manager.notices.contains(.ready))
    }

    @Test("A manager that did not hear of the readiness is told again")
    func deaf() async throws {
        manager.turn(deaf: true)
        try await withReadiness(of: reporter()) {
            await manager.untilAsleep(2)
            #expect(manager.notices.isEmpty)
            manager.turn(deaf: false)
            manager.wake()
            while !manager.notices.contains(.ready) { await Task.yield() }
        }
    }

    @Test("The watchdog hears of it while its loops go round, and no longer than that")
    func watchdog() async throws {
        try await withReadiness(of: reporter()) {
            while !manager.notices.contains(.ready) { await Task.yield() }
            await manager.untilAsleep(1)
            manager.notices = []
            await manager.pass(1)
            #expect(manager.notices == [.watchdog])
            manager.late = ["scheduler"]
            manager.notices = []
            await manager.pass(1)
            #expect(manager.notices == [.status("Stuck: scheduler")])
        }
    }

    @Test("Without a watchdog nothing is said while all goes well")
    func unwatched() async throws {
        try await withReadiness(of: reporter(watchdog: nil)) {
            while !manager.notices.contains(.ready) { await Task.yield() }
            await manager.untilAsleep(1)
            manager.notices = []
            await manager.pass(1)
            #expect(manager.notices.isEmpty)
        }
    }

    @Test("A stop is said at once, and then that it takes more time as long as it does")
    func stop() async throws {
        let reporter = reporter()
        try await withReadiness(of: reporter) {
            while !manager.notices.contains(.ready) { await Task.yield() }
            await manager.untilAsleep(1)
            manager.notices = []
            reporter.announceStop()
            #expect(manager.notices == [.stopping, .status("Drains")])
            await manager.pass(1)
            #expect(manager.notices.suffix(3) == [.watchdog, .stopping, .extendTimeout(.seconds(30))])
        }
    }
}
