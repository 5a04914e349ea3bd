public import ImageModel
public import Logging
import Synchronization

/// Tells a service manager how the worker is, from before its start to its end.
///
/// While it starts and while it drains it asks for the time that takes, so that neither a broker that comes later nor a
/// long drain is mistaken for a hang. The watchdog hears of it only while its own loops go round: what ``HealthServer``
/// says at `/healthz`.
public final class ServiceReporter: Sendable {
    private enum Phase: Sendable, Equatable {
        case starting
        case serving
        case ready
        case stopping
    }

    private struct State {
        var phase = Phase.starting
        var lateLoops: @Sendable () -> [String] = { [] }
        var isHeard = true
    }

    private let watchdog: Duration?
    private let time: any TimeSource
    private let logger: Logger
    private let send: @Sendable ([ServiceNotice]) -> Bool
    private let state = Mutex(State())

    /// A reporter that has said nothing yet.
    ///
    /// - Parameters:
    ///   - watchdog: How often the manager wants to hear that the service is alive; nil when it does not watch.
    ///   - send: Tells the manager, and whether that was possible.
    public init(
        watchdog: Duration?, time: any TimeSource, logger: Logger,
        send: @escaping @Sendable ([ServiceNotice]) -> Bool
    ) {
        self.watchdog = watchdog
        self.time = time
        self.logger = logger
        self.send = send
    }

    /// Runs `body`, and reports meanwhile.
    public func accompany<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.report() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// Says that the worker is ready as soon as it has, for the first time, all that it cannot do without; until then what
    /// it waits for, and afterwards what else is away, until that is there.
    ///
    /// - Parameter lateLoops: The names of loops that hang; empty while the process is well.
    public func announceReadiness(
        lateLoops: @escaping @Sendable () -> [String], checks: [ReadinessCheck]
    ) async {
        state.withLock { state in
            state.lateLoops = lateLoops
            if state.phase == .starting { state.phase = .serving }
        }
        while isServing, !Task.isCancelled {
            let needed = await Self.troubles(checks.filter(\.isEssential))
            state.withLock { state in
                guard state.phase == .serving else { return }
                if let first = needed.first {
                    tell([.status("Waits for \(first)")], &state)
                } else if tell([.ready, .status("Ready")], &state) {
                    state.phase = .ready
                }
            }
            if isServing { try? await time.sleep(for: .seconds(1)) }
        }
        await announceStatus(checks.filter { !$0.isEssential })
    }

    /// Says what a ready worker lacks, until it lacks nothing. An answer may take long: the worker is ready meanwhile.
    private func announceStatus(_ checks: [ReadinessCheck]) async {
        var said = "Ready"
        while isReady, !Task.isCancelled {
            let missed = await Self.troubles(checks)
            let status = missed.isEmpty ? "Ready" : "Ready, but without " + missed.joined(separator: "; ")
            state.withLock { state in
                if state.phase == .ready, status != said, tell([.status(status)], &state) { said = status }
            }
            guard said != "Ready" || !missed.isEmpty else { return }
            try? await time.sleep(for: .seconds(10))
        }
    }

    /// Says that the worker ends as soon as its jobs let it.
    public func announceStop() {
        state.withLock { state in
            state.phase = .stopping
            tell([.stopping, .status("Drains")], &state)
        }
    }

    /// How much time it asks for at once; several reports may get lost before that is over.
    private static var requestedTime: Duration { .seconds(30) }

    private var isServing: Bool { state.withLock { $0.phase == .serving } }

    private var isReady: Bool { state.withLock { $0.phase == .ready } }

    private func report() async {
        let interval = min(.seconds(5), watchdog.map { $0 / 2 } ?? .seconds(5))
        while !Task.isCancelled {
            state.withLock { state in
                let late = state.lateLoops()
                guard late.isEmpty else {
                    tell([.status("Stuck: " + late.joined(separator: ", "))], &state)
                    return
                }
                var notices: [ServiceNotice] = watchdog == nil || state.phase == .starting ? [] : [.watchdog]
                if state.phase == .stopping { notices.append(.stopping) }
                if state.phase != .ready { notices.append(.extendTimeout(Self.requestedTime)) }
                if !notices.isEmpty { tell(notices, &state) }
            }
            try? await time.sleep(for: interval)
        }
    }

    @discardableResult
    private func tell(_ notices: [ServiceNotice], _ state: inout State) -> Bool {
        let isHeard = send(notices)
        if state.isHeard, !isHeard { logger.warning("The service manager does not hear of this worker") }
        state.isHeard = isHeard
        return isHeard
    }

    /// What is not as a worker would have it.
    private static func troubles(_ checks: [ReadinessCheck]) async -> [String] {
        var troubles: [String] = []
        for check in checks {
            if let trouble = await check.trouble() { troubles.append("\(check.name): \(trouble)") }
        }
        return troubles
    }
}
