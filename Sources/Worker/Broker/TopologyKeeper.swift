public import Logging
public import RabbitMQ

/// Declares the topology again when the broker turns out to have lost part of it: somebody deleted a queue or an
/// exchange, or it came back without its data.
///
/// What the broker says is the only sign: a missing queue cannot be consumed, a missing exchange not published to. A
/// missing binding shows nowhere; producers are told by their returned messages.
public struct TopologyKeeper: Sendable {
    private let configuration: ConnectionConfiguration
    private let topology: Topology
    private let logger: Logger

    /// A keeper of what a worker declared when it started.
    public init(configuration: ConnectionConfiguration, topology: Topology, logger: Logger) {
        self.configuration = configuration
        self.topology = topology
        self.logger = logger
    }

    /// Watches the events of the worker's sessions, of which it must be the only observer, until the task is cancelled.
    public func run(_ sessions: AsyncStream<RabbitMQEvent>...) async {
        // One more round is enough for all signs that come during one.
        let (signs, sign) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            for events in sessions {
                group.addTask {
                    for await event in events where event.isSignOfLoss { sign.yield() }
                }
            }
            for await _ in signs { await declare() }
            group.cancelAll()
        }
    }

    private func declare() async {
        do throws(RabbitMQError) {
            try await RabbitMQTopology.declare(configuration, topology)
            logger.notice("Something was missing on the broker; the topology was declared again")
        } catch {
            // The sessions go on trying, and every failure of theirs leads here again.
            logger.warning("The topology cannot be declared again", metadata: ["reason": "\(error)"])
        }
    }
}

extension RabbitMQEvent {
    /// Whether the broker may lack something that was declared.
    fileprivate var isSignOfLoss: Bool {
        switch self {
        case .consumerInterrupted(_, let error, _): error.code == .notFound
        case .publisherInterrupted(let error): error.code == .notFound
        case .connected, .disconnected, .blocked, .unblocked, .consuming, .ended: false
        }
    }
}
