import Logging
import Synchronization
import UnixSignals
import Worker

/// What SIGTERM and SIGINT do to a worker: while it starts they end it, as it has taken nothing yet; after that the first
/// one drains it, and the second one ends everything at once.
final class SignalWatch: Sendable {
    /// Made by the first signal.
    let drain = DrainRequest()
    private let isStarted = Atomic(false)
    private let onDrain: @Sendable () -> Void
    private let logger: Logger

    private init(_ logger: Logger, _ onDrain: @escaping @Sendable () -> Void) {
        self.logger = logger
        self.onDrain = onDrain
    }

    /// A second signal has ended everything.
    struct Interrupted: Error {}

    /// Runs a worker's whole life; when signals end it before its time it is cancelled, and when nothing was begun by
    /// then the result is nil.
    ///
    /// - Parameter onDrain: Called at the first signal.
    /// - Throws: ``Interrupted`` at the second signal.
    static func run<Result: Sendable>(
        _ logger: Logger, onDrain: @escaping @Sendable () -> Void,
        _ life: @escaping @Sendable (SignalWatch) async throws -> Result?
    ) async throws -> Result? {
        let watch = SignalWatch(logger, onDrain)
        // Trapped before anything is begun: whoever starts a worker may think better of it at once.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await watch.wait(for: signals)
                return nil
            }
            group.addTask { try await life(watch) }
            defer { group.cancelAll() }
            do {
                return try await group.next() ?? nil
            } catch is CancellationError where watch.drain.isRequested {
                return nil
            }
        }
    }

    /// From now on there is something to drain.
    func started() {
        isStarted.store(true, ordering: .releasing)
    }

    private func wait(for signals: UnixSignalsSequence) async throws(Interrupted) {
        for await signal in signals {
            if drain.isRequested {
                logger.warning("Stopping now; unfinished jobs go on when their leases have run out")
                throw Interrupted()
            }
            drain.request()
            onDrain()
            guard isStarted.load(ordering: .acquiring) else {
                logger.info("Stopping before anything was begun", metadata: ["signal": "\(signal)"])
                return
            }
            logger.info("Draining", metadata: ["signal": "\(signal)"])
        }
    }
}
