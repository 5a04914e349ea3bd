/// A short-lived session for looking at and changing what is on the broker.
///
/// Each call waits for the broker's answer. The connection is made once: when it is lost, the calls fail.
public actor RabbitMQAdmin {
    /// What the broker tells of a queue.
    public struct QueueStatus: Sendable, Hashable {
        /// Messages ready to be delivered; those delivered and unsettled do not count.
        public let messages: Int
        /// Consumers.
        public let consumers: Int
    }

    nonisolated let thread: ConnectionThread
    let link: Link
    private var channel: UInt16?
    private var failure: RabbitMQError?

    /// The thread of the connection is the executor.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(_ configuration: ConnectionConfiguration) throws(RabbitMQError) {
        try configuration.validate()
        link = Link(configuration, bodyLimit: 0, events: AsyncStream<RabbitMQEvent>.makeStream().continuation)
        thread = try ConnectionThread(name: "amqp-admin")
        thread.serve(self)
    }

    deinit { thread.stop() }

    /// Connects to the first endpoint of the list that answers, runs `body`, and disconnects.
    ///
    /// - Parameters:
    ///   - configuration: How to reach the broker; `backoff` is not used.
    ///   - body: What to do.
    /// - Throws: What `body` throws; the reason why the last endpoint could not be reached.
    @discardableResult
    public static func withSession<Result: Sendable>(
        _ configuration: ConnectionConfiguration,
        _ body: (RabbitMQAdmin) async throws(RabbitMQError) -> Result
    ) async throws(RabbitMQError) -> Result {
        let admin = try RabbitMQAdmin(configuration)
        try await admin.connect()
        let result: Result
        do throws(RabbitMQError) {
            result = try await body(admin)
        } catch {
            await admin.disconnect()
            throw error
        }
        await admin.disconnect()
        return result
    }

    private func connect() async throws(RabbitMQError) {
        var last = RabbitMQError(.cancelled, "Connecting was cancelled.")
        for endpoint in link.configuration.endpoints where !Task.isCancelled {
            switch await Dialer.dial(endpoint, link.configuration) {
            case .success(let transport): return adopt(transport)
            case .failure(let error): last = error
            }
        }
        throw last
    }

    /// Sends a request on the session's channel, which is opened when there is none, and waits for the answer.
    func call(_ method: ClientMethod) async throws(RabbitMQError) -> ServerMethod.Reply {
        guard let connection = link.connection else {
            throw failure ?? RabbitMQError(.closed, "The session has ended.")
        }
        let channel = try await openChannel(connection)
        return try await result { connection.request(method, on: channel, completion: $0) }
    }

    private func openChannel(_ connection: Connection) async throws(RabbitMQError) -> UInt16 {
        if let channel { return channel }
        var opened: UInt16 = 0
        _ = try await result { completion in
            connection.openChannel { channel, result in
                opened = channel
                completion(result)
            }
        }
        channel = opened
        return opened
    }

    private func result(
        _ start: (@escaping Connection.Completion) -> Void
    ) async throws(RabbitMQError) -> ServerMethod.Reply {
        let result = await withCheckedContinuation { continuation in
            start { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}

extension RabbitMQAdmin: Session {
    func opened(_ connection: Connection) {}

    func lost(_ error: RabbitMQError) {
        failure = error
        channel = nil
    }

    func handle(_ event: InboundEvent, _ connection: Connection) {
        if case .channelClosed = event { channel = nil }
    }

    func work(now: ContinuousClock.Instant) {}

    var nextDeadline: ContinuousClock.Instant? { nil }
}
