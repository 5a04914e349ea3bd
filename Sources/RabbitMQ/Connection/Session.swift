import Logging

/// What consumer, publisher and administration have in common: a thread, at most one connection at a time, and the
/// effort to have one.
protocol Session: ThreadResident {
    nonisolated var thread: ConnectionThread { get }
    var link: Link { get }

    /// A connection stands.
    func opened(_ connection: Connection)
    /// The connection is gone, with `closed` when that was our wish.
    func lost(_ error: RabbitMQError)
    /// Something arrived.
    func handle(_ event: InboundEvent, _ connection: Connection)
    /// Work that is due, after what arrived was handled; also without a connection.
    func work(now: ContinuousClock.Instant) throws(RabbitMQError)
    /// When `work` must be called even if nothing arrives.
    var nextDeadline: ContinuousClock.Instant? { get }
}

/// The state every session has.
final class Link {
    let configuration: ConnectionConfiguration
    let bodyLimit: Int
    let events: AsyncStream<RabbitMQEvent>.Continuation
    /// Counts connections from 1.
    var epoch: UInt64 = 0
    var connection: Connection?
    var hasRun = false
    fileprivate var end: CheckedContinuation<RabbitMQError?, Never>?

    init(
        _ configuration: ConnectionConfiguration, bodyLimit: Int, events: AsyncStream<RabbitMQEvent>.Continuation
    ) {
        self.configuration = configuration
        self.bodyLimit = bodyLimit
        self.events = events
    }
}

extension Session {
    /// How long a parting connection waits for the broker to have read everything.
    static var closeLimit: Duration { .seconds(3) }

    /// One round of the thread: take in what arrived, do what is due.
    func turn() -> LoopPause {
        let now = ContinuousClock.now
        guard let connection = link.connection else {
            // Without a connection nothing is written that could fail.
            try? work(now: now)
            return LoopPause(limit: limit(nil, now: now))
        }
        var hasMore = false
        do throws(RabbitMQError) {
            hasMore = try connection.service(now: now) { handle($0, connection) }
            try work(now: now)
            connection.keepAlive(now: now)
        } catch {
            drop(connection, error)
            return LoopPause(limit: .zero)
        }
        if connection.isClosed {
            drop(connection, nil)
            return LoopPause(limit: .zero)
        }
        return LoopPause(
            descriptor: connection.transport.descriptor,
            limit: hasMore ? .zero : limit(connection.nextDeadline, now: now),
            pulse: connection.transport.pulse
        )
    }

    private func limit(_ deadline: ContinuousClock.Instant?, now: ContinuousClock.Instant) -> Duration {
        [deadline, nextDeadline].compactMap { $0 }.reduce(.seconds(1)) { max(.zero, min($0, now.duration(to: $1))) }
    }

    private func drop(_ connection: Connection, _ error: RabbitMQError?) {
        let reason = error ?? RabbitMQError(.closed, "The session has ended.")
        link.connection = nil
        connection.abandon(reason)
        lost(reason)
        link.end?.resume(returning: error)
        link.end = nil
    }

    /// Keeps a connection until the task is cancelled, then parts in order.
    func keepConnected() async throws(RabbitMQError) {
        guard !link.hasRun else { throw RabbitMQError(.closed, "The session runs already, or has ended.") }
        link.hasRun = true
        try link.configuration.validate()
        var dialer = Dialer(link.configuration)
        defer {
            link.events.yield(.ended)
            link.events.finish()
        }
        while !Task.isCancelled {
            switch await dialer.dial() {
            case .success(let transport):
                let connected = ContinuousClock.now
                guard let error = await hold(transport), !Task.isCancelled else { break }
                if connected.duration(to: .now) > .seconds(10) { dialer.succeeded() }
                await pause(&dialer, error)
            case .failure(let error):
                guard error.code != .invalidConfiguration else { throw error }
                if !Task.isCancelled { await pause(&dialer, error) }
            }
        }
    }

    private func pause(_ dialer: inout Dialer, _ error: RabbitMQError) async {
        let pause = dialer.pauseAfterFailure()
        link.configuration.logger.warning(
            "no connection to the broker",
            metadata: ["reason": "\(error)", "retry_in": "\(pause)", "name": "\(link.configuration.name)"]
        )
        link.events.yield(.disconnected(error, retryIn: pause))
        // Cancellation ends the pause; the caller looks for it.
        try? await Task.sleep(for: pause)
    }

    /// Serves one connection until it is lost, or until the task is cancelled and the broker has said goodbye.
    ///
    /// - Returns: Why it was lost; nil when it was closed in order.
    private func hold(_ transport: Transport) async -> RabbitMQError? {
        adopt(transport)
        return await withTaskCancellationHandler {
            await waitForEnd()
        } onCancel: {
            thread.perform { self.assumeIsolated { $0.part() } }
        }
    }

    /// Says goodbye to the broker and waits until it has read everything.
    func disconnect() async {
        part()
        _ = await waitForEnd()
    }

    private func waitForEnd() async -> RabbitMQError? {
        guard link.connection != nil else { return nil }
        return await withCheckedContinuation { link.end = $0 }
    }

    func adopt(_ transport: Transport) {
        link.epoch += 1
        let connection = Connection(
            transport: transport, bodyLimit: link.bodyLimit, requestTimeout: link.configuration.requestTimeout
        )
        link.connection = connection
        let broker = BrokerInformation(
            epoch: link.epoch, endpoint: transport.endpoint, properties: transport.serverProperties
        )
        link.configuration.logger.info(
            "connected to the broker",
            metadata: [
                "broker": "\(broker.endpoint)", "product": "\(broker.product)", "version": "\(broker.version)",
                "name": "\(link.configuration.name)",
            ]
        )
        link.events.yield(.connected(broker))
        opened(connection)
    }

    private func part() {
        link.connection?.beginClose(within: Self.closeLimit)
    }
}
