/// Consumes queues over one connection of its own, and comes back after every loss of it.
///
/// Run `run()` in a task of its own for as long as the consumer is needed, say what to consume with `setConsuming`, and
/// take deliveries from `deliveries`. Each queue has a channel of its own with its own prefetch, so no more than the
/// sum of all prefetches, each at most `bodyLimit` bytes, is ever held here.
///
/// What is unsettled when a connection or channel goes is delivered again by the broker. Settling it then does
/// nothing: the settlement is tagged with the channel it belongs to.
public actor RabbitMQConsumer {
    /// The thread that owns the connection.
    nonisolated let thread: ConnectionThread
    /// What happens to the session; for one observer. The oldest of more than 256 unread events are dropped.
    public nonisolated let events: AsyncStream<RabbitMQEvent>

    let link: Link
    var subscriptions: [String: Subscription] = [:]
    var buffer = FIFO<Delivery>()
    var waiters = FIFO<Waiter>()
    var nextWaiter: UInt64 = 0
    var incarnations: UInt64 = 0
    var hasEnded = false

    /// Somebody who waits for deliveries.
    struct Waiter {
        let id: UInt64
        let limit: Int
        let continuation: CheckedContinuation<[Delivery], Never>
    }

    /// The thread of the connection is the executor.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Makes a consumer that consumes nothing yet.
    ///
    /// - Parameters:
    ///   - configuration: How to reach the broker.
    ///   - bodyLimit: Largest body to accept, in bytes; larger ones come as `oversized`.
    /// - Throws: `invalidConfiguration`; `systemResources` when there is no thread to spare.
    public init(configuration: ConnectionConfiguration, bodyLimit: Int = 1 << 20) throws(RabbitMQError) {
        try configuration.validate()
        let (events, continuation) = AsyncStream.makeStream(
            of: RabbitMQEvent.self, bufferingPolicy: .bufferingNewest(256)
        )
        self.events = events
        link = Link(configuration, bodyLimit: bodyLimit, events: continuation)
        thread = try ConnectionThread(name: "amqp-consumer")
        thread.serve(self)
    }

    deinit { thread.stop() }

    /// Keeps the connection until the task is cancelled, then says goodbye to the broker and ends `deliveries`.
    ///
    /// Connection failures of every kind, a refused login included, are reported as events and tried again.
    ///
    /// - Throws: `invalidConfiguration` for what no attempt can mend; `closed` when called a second time.
    public func run() async throws(RabbitMQError) {
        defer { finish() }
        try await keepConnected()
    }

    /// Whether there is a connection to a broker at present.
    public var isConnected: Bool { link.connection != nil }

    /// Consumes a queue from now on, through all reconnects, until `stopConsuming`.
    ///
    /// Returns at once. A queue that does not exist is reported as `consumerInterrupted` and tried again with backoff.
    ///
    /// - Parameters:
    ///   - queue: A queue that exists.
    ///   - prefetch: Deliveries to be unsettled at most, 1 to 65535. Another value than before takes effect by
    ///     starting the consumer anew.
    public func setConsuming(_ queue: String, prefetch: UInt16) {
        want(queue, .queue(queue), prefetch)
    }

    /// Receives what is published to an exchange while this session is connected, through a queue of its own.
    ///
    /// Each reconnect begins with a new, empty queue.
    ///
    /// - Parameters:
    ///   - exchange: An exchange that exists.
    ///   - patterns: Routing keys, or patterns of a topic exchange.
    ///   - prefetch: Deliveries to be unsettled at most, 1 to 65535.
    /// - Returns: The queue name that its deliveries carry.
    @discardableResult
    public func watch(exchange: String, patterns: [String], prefetch: UInt16 = 100) -> String {
        let name = "watch \(exchange) \(patterns.joined(separator: " "))"
        want(name, .exclusive(exchange: exchange, patterns: patterns), prefetch)
        return name
    }

    /// Stops consuming a queue. Its deliveries can still be settled; some may still come.
    ///
    /// - Parameter queue: The name given to `setConsuming`, or returned by `watch`.
    public func stopConsuming(_ queue: String) {
        subscriptions[queue]?.isWanted = false
        advance(queue)
    }

    /// Closes the queue's channel once, so that the broker requeues all that is unsettled on it, and consumes again
    /// if that is still wanted. For when deliveries cannot be processed now and must not wait here.
    ///
    /// - Parameter queue: The name given to `setConsuming`.
    public func recycle(_ queue: String) {
        guard let subscription = subscriptions[queue], subscription.channel != nil else { return }
        subscriptions[queue]?.mustRecycle = true
        advance(queue)
    }

    /// Deliveries of the queue that have been handed out, or wait to be, and are not settled.
    public func unsettledCount(_ queue: String) -> Int {
        subscriptions[queue]?.unsettled.count ?? 0
    }

    private func want(_ name: String, _ source: Subscription.Source, _ prefetch: UInt16) {
        subscriptions[name, default: Subscription(source, prefetch: prefetch)].prefetch = max(1, prefetch)
        subscriptions[name]?.isWanted = true
        advance(name)
    }
}
