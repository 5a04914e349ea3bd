/// Publishes over one connection of its own, and knows of every message whether the broker has it.
///
/// Run `run()` in a task of its own for as long as the publisher is needed. `publish` may be called from any number
/// of tasks at once; the broker confirms many messages with one answer, so callers should not wait for one before
/// publishing the next. Messages are written in the order of the calls.
public actor RabbitMQPublisher {
    /// The thread that owns the connection.
    nonisolated let thread: ConnectionThread
    /// What happens to the session; for one observer. The oldest of more than 256 unread events are dropped.
    public nonisolated let events: AsyncStream<RabbitMQEvent>

    let link: Link
    let window: Int
    /// The channel, when it stands with confirms on.
    var channel: UInt16?
    var ledger = ConfirmLedger<UInt64>()
    /// Not yet written, in the order of the calls.
    var waiting = FIFO<UInt64>()
    /// All whose callers wait, written or not.
    var requests: [UInt64: Request] = [:]
    var nextRequest: UInt64 = 0
    /// No request has an earlier deadline. The request it came from may be settled already.
    var earliestDeadline: ContinuousClock.Instant?
    var blockedReason: String?
    var readyWaiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    var hasEnded = false

    /// A call of `publish`.
    struct Request {
        let message: OutgoingMessage
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Result<PublishConfirmation, RabbitMQError>, Never>
        var wasWritten = false
    }

    /// The thread of the connection is the executor.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Makes a publisher.
    ///
    /// - Parameters:
    ///   - configuration: How to reach the broker.
    ///   - window: Messages that may be without a confirm at once; further ones wait.
    ///   - bodyLimit: Largest body to accept, in bytes. RabbitMQ 4 refuses more than 16 MiB.
    /// - Throws: `invalidConfiguration`; `systemResources` when there is no thread to spare.
    public init(
        configuration: ConnectionConfiguration, window: Int = 1_000, bodyLimit: Int = 16 << 20
    ) throws(RabbitMQError) {
        try configuration.validate()
        let (events, continuation) = AsyncStream.makeStream(
            of: RabbitMQEvent.self, bufferingPolicy: .bufferingNewest(256)
        )
        self.events = events
        self.window = max(1, window)
        link = Link(configuration, bodyLimit: bodyLimit, events: continuation)
        thread = try ConnectionThread(name: "amqp-publisher")
        thread.serve(self)
    }

    deinit { thread.stop() }

    /// Keeps the connection until the task is cancelled, then says goodbye to the broker. Messages without a confirm
    /// fail at that moment, so let all calls of `publish` return first.
    ///
    /// Connection failures of every kind, a refused login included, are reported as events and tried again.
    ///
    /// - Throws: `invalidConfiguration` for what no attempt can mend; `closed` when called a second time.
    public func run() async throws(RabbitMQError) {
        defer { finish() }
        try await keepConnected()
    }

    /// Whether the broker refuses to read from publishers at present.
    public var isBlocked: Bool { blockedReason != nil }

    /// Whether messages can be written at present, apart from `isBlocked`.
    public var isConnected: Bool { channel != nil }

    /// Waits until messages can be written.
    ///
    /// - Throws: `cancelled`; `closed` when the session has ended.
    public func waitUntilConnected() async throws(RabbitMQError) {
        guard channel == nil else { return }
        guard !hasEnded else { throw Self.ended }
        nextRequest += 1
        let id = nextRequest
        let isReady = await withTaskCancellationHandler {
            await withCheckedContinuation { readyWaiters[id] = $0 }
        } onCancel: {
            thread.perform { self.assumeIsolated { $0.readyWaiters.removeValue(forKey: id)?.resume(returning: false) } }
        }
        guard !isReady else { return }
        throw hasEnded ? Self.ended : RabbitMQError(.cancelled, "Waiting for the broker was cancelled.")
    }

    static var ended: RabbitMQError { RabbitMQError(.closed, "The publishing session has ended.") }
}
