import Logging
import Synchronization

/// Makes connections: walks the list of endpoints, pauses between rounds, gives up when its task is cancelled.
struct Dialer {
    let configuration: ConnectionConfiguration
    private var failures = 0
    private var next = 0
    private var random = SystemRandomNumberGenerator()

    init(_ configuration: ConnectionConfiguration) {
        self.configuration = configuration
    }

    /// The pause before the next attempt, after one more failure. A host that is down costs no pause while another
    /// of the list has not been tried.
    mutating func pauseAfterFailure() -> Duration {
        failures += 1
        next = (next + 1) % configuration.endpoints.count
        guard next == 0 || failures > configuration.endpoints.count else { return .zero }
        return configuration.backoff.pause(afterFailures: failures, using: &random)
    }

    /// The last connection stood long enough to begin anew.
    mutating func succeeded() {
        failures = 0
    }

    /// The endpoint to try.
    var endpoint: BrokerEndpoint { configuration.endpoints[next] }

    /// One attempt at the present endpoint.
    func dial() async -> Result<Transport, RabbitMQError> {
        await Self.dial(endpoint, configuration)
    }

    /// One attempt, on a thread of its own: name resolution cannot be interrupted, and the
    /// session's thread must go on serving its callers meanwhile. When the task is cancelled the attempt is left to
    /// itself, and ends by its time limits.
    static func dial(
        _ endpoint: BrokerEndpoint, _ configuration: ConnectionConfiguration
    ) async -> Result<Transport, RabbitMQError> {
        let handover = Handover()
        let handshake = Handshake(endpoint: endpoint, configuration: configuration)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard handover.await(continuation) else { return }
                let started = spawnThread(named: "amqp-connect") {
                    do throws(RabbitMQError) {
                        handover.finish(.success(try handshake.perform()))
                    } catch {
                        handover.finish(.failure(error))
                    }
                }
                if !started {
                    handover.finish(
                        .failure(RabbitMQError(.systemResources, "There is no thread to spare for a connection."))
                    )
                }
            }
        } onCancel: {
            handover.finish(.failure(Handover.cancelled))
        }
    }
}

/// Hands one result from the connecting thread, or from cancellation, to whoever awaits it; the later one is dropped.
private final class Handover: Sendable {
    typealias Outcome = Result<Transport, RabbitMQError>

    static let cancelled = RabbitMQError(.cancelled, "Connecting was cancelled.")

    private enum State {
        case idle
        case awaited(CheckedContinuation<Outcome, Never>)
        case finished
    }

    private let state = Mutex(State.idle)

    /// Stores the continuation; false when cancellation came first, and then it is resumed here.
    func await(_ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        let isFinished = state.withLock { state in
            guard case .idle = state else { return true }
            state = .awaited(continuation)
            return false
        }
        if isFinished { continuation.resume(returning: .failure(Self.cancelled)) }
        return !isFinished
    }

    func finish(_ outcome: sending Outcome) {
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            defer { state = .finished }
            guard case .awaited(let continuation) = state else { return nil }
            return continuation
        }
        continuation?.resume(returning: outcome)
    }
}
