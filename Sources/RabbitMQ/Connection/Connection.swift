/// An open connection: takes frames in, answers what the protocol obliges a client to answer, and matches replies
/// with requests.
///
/// Lives in the isolation of its session's actor. Everything here returns at once, except that a write waits while
/// the socket is full.
final class Connection {
    typealias Completion = (Result<ServerMethod.Reply, RabbitMQError>) -> Void

    private struct PendingReply {
        let deadline: ContinuousClock.Instant
        let completion: Completion
    }

    let transport: Transport
    private let requestTimeout: Duration
    private var assembler: ContentAssembler
    /// Requests in the order sent; a channel answers in that order.
    private var pending: [UInt16: [PendingReply]] = [:]
    private var openChannels: Set<UInt16> = []
    /// Channels we have asked to close: until the answer the broker may send anything on them, which is ignored.
    private var closingChannels: Set<UInt16> = []
    private var failure: RabbitMQError?
    private var closeDeadline: ContinuousClock.Instant?
    /// The broker has said goodbye, or has not in time.
    private(set) var isClosed = false
    /// Nothing may be sent any more.
    var isClosing: Bool { closeDeadline != nil }

    /// Frames taken in before librabbitmq's memory is released and the thread's jobs get their turn.
    private static let batch = 64

    init(transport: Transport, bodyLimit: Int, requestTimeout: Duration) {
        self.transport = transport
        self.requestTimeout = requestTimeout
        assembler = ContentAssembler(bodyLimit: bodyLimit)
    }

    // MARK: Out

    /// Sends a method that has no answer. A failed write shows in the next `service`.
    func post(_ method: ClientMethod, on channel: UInt16) {
        guard failure == nil, !isClosing else { return }
        send(method, on: channel)
    }

    private func send(_ method: ClientMethod, on channel: UInt16) {
        do {
            try transport.send(method, on: channel)
        } catch {
            failure = error
        }
    }

    /// Sends a method and hands its answer to `completion`, or the reason why none will come.
    func request(_ method: ClientMethod, on channel: UInt16, completion: @escaping Completion) {
        if let failure { return completion(.failure(failure)) }
        guard !isClosing else { return completion(.failure(RabbitMQError(.closed, "The session is ending."))) }
        let reply = PendingReply(deadline: .now + requestTimeout, completion: completion)
        pending[channel, default: []].append(reply)
        post(method, on: channel)
    }

    /// Opens the lowest channel that is free.
    func openChannel(_ completion: @escaping (UInt16, Result<ServerMethod.Reply, RabbitMQError>) -> Void) {
        let free = (1...transport.channelMax).first { !openChannels.contains($0) }
        guard let channel = free else {
            return completion(0, .failure(RabbitMQError(.systemResources, "All channels are in use.")))
        }
        openChannels.insert(channel)
        request(.channelOpen, on: channel) { completion(channel, $0) }
    }

    /// Closes a channel. The broker requeues what is unsettled on it.
    func closeChannel(_ channel: UInt16, completion: @escaping Completion) {
        closingChannels.insert(channel)
        request(.channelClose, on: channel) { [unowned self] result in
            release(channel)
            completion(result)
        }
    }

    /// Publishes. A failed write shows in the next `service`.
    func publish(_ message: OutgoingMessage, on channel: UInt16) {
        guard failure == nil else { return }
        do {
            try transport.publish(message, on: channel)
        } catch {
            failure = error
        }
    }

    /// Asks the broker to close, so that it has read all we sent; `isClosed` turns true when it has.
    func beginClose(within limit: Duration) {
        guard !isClosing else { return }
        closeDeadline = .now + limit
        if failure == nil { send(.connectionClose, on: 0) }
    }

    // MARK: In

    /// Takes in what has arrived.
    ///
    /// - Parameters:
    ///   - now: The present.
    ///   - handle: Called for each event, in order. It may send, and must not call `service`.
    /// - Returns: Whether there may be more to take in.
    /// - Throws: When the connection is lost.
    func service(now: ContinuousClock.Instant, handle: (InboundEvent) -> Void) throws(RabbitMQError) -> Bool {
        var taken = 0
        while taken < Self.batch, !isClosed {
            if let failure { throw failure }
            guard let frame = try transport.nextFrame() else { break }
            taken += 1
            if let output = try assembler.accept(frame) { try dispatch(output, handle) }
        }
        transport.releaseBuffers()
        if let failure, !isClosed { throw failure }
        try checkDeadlines(now)
        return taken == Self.batch
    }

    /// Writes a heartbeat when nothing was written for half an interval. librabbitmq writes them only in its waits,
    /// and at the last moment.
    func keepAlive(now: ContinuousClock.Instant) {
        guard transport.heartbeat > 0, failure == nil, !isClosing, now >= nextHeartbeat else { return }
        do {
            try transport.sendHeartbeat()
        } catch {
            failure = error
        }
    }

    /// When something must be done even if nothing arrives.
    var nextDeadline: ContinuousClock.Instant? {
        if let closeDeadline { return closeDeadline }
        var deadlines = pending.values.flatMap { $0.prefix(1).map(\.deadline) }
        if transport.heartbeat > 0 { deadlines.append(nextHeartbeat) }
        return deadlines.min()
    }

    /// Fails all requests that wait; the connection is of no further use.
    func abandon(_ error: RabbitMQError) {
        failure = failure ?? error
        let replies = pending.values.flatMap { $0 }
        pending = [:]
        for reply in replies { reply.completion(.failure(error)) }
    }

    private var nextHeartbeat: ContinuousClock.Instant {
        transport.lastWrite + .milliseconds(500 * transport.heartbeat)
    }

    private func checkDeadlines(_ now: ContinuousClock.Instant) throws(RabbitMQError) {
        if let closeDeadline, now >= closeDeadline { isClosed = true }
        for replies in pending.values {
            guard let first = replies.first, now >= first.deadline, !isClosed else { continue }
            throw RabbitMQError(
                .timedOut, "Broker \(transport.endpoint.authority) did not answer a request in time."
            )
        }
    }

    private func dispatch(
        _ output: ContentAssembler.Output, _ handle: (InboundEvent) -> Void
    ) throws(RabbitMQError) {
        switch output {
        case .method(let method, let channel):
            try dispatch(method, channel, handle)
        case .delivery(let method, let properties, let content, let channel):
            guard !closingChannels.contains(channel) else { return }
            handle(.delivered(method, properties, content, channel: channel))
        case .returned(let method, let properties, let channel):
            handle(.returned(method, properties, channel: channel))
        }
    }

    private func dispatch(
        _ method: ServerMethod, _ channel: UInt16, _ handle: (InboundEvent) -> Void
    ) throws(RabbitMQError) {
        switch method {
        case .confirm(let tag, let multiple, let positive):
            handle(.confirmed(tag: tag, multiple: multiple, positive: positive, channel: channel))
        case .consumerCancelled(let tag): handle(.consumerCancelled(consumerTag: tag, channel: channel))
        case .channelClose(let reason): channelClosed(channel, reason, handle)
        case .connectionClose(let reason):
            send(.connectionCloseOK, on: 0)
            throw reason.connectionError(transport.endpoint.authority)
        case .blocked(let reason): handle(.blocked(reason: reason))
        case .unblocked: handle(.unblocked)
        case .flow(let active): post(.channelFlowOK(active: active), on: channel)
        case .reply(.connectionClosed): isClosed = true
        case .reply(let reply): try complete(reply, channel)
        case .deliver, .returned, .other:
            throw RabbitMQError(.protocolViolation, "The broker sent a method no client expects: \(method).")
        }
    }

    private func complete(_ reply: ServerMethod.Reply, _ channel: UInt16) throws(RabbitMQError) {
        guard var waiting = pending[channel], !waiting.isEmpty else {
            throw RabbitMQError(.protocolViolation, "The broker answered what was not asked: \(reply).")
        }
        if reply == .channelClosed {
            // Closing is the last request of a channel. A broker that was closing it too has ignored those before.
            let error = RabbitMQError(.channelClosed, "The channel was closed before the broker answered.")
            for ignored in waiting.dropLast() { ignored.completion(.failure(error)) }
            waiting.removeFirst(waiting.count - 1)
        }
        let first = waiting.removeFirst()
        pending[channel] = waiting.isEmpty ? nil : waiting
        first.completion(.success(reply))
    }

    private func channelClosed(
        _ channel: UInt16, _ reason: ServerMethod.CloseReason, _ handle: (InboundEvent) -> Void
    ) {
        post(.channelCloseOK, on: channel)
        // Both sides closed at once: the broker still answers ours, and that answer releases the channel.
        guard !closingChannels.contains(channel) else { return }
        let error = reason.channelError
        let replies = pending.removeValue(forKey: channel) ?? []
        release(channel)
        for reply in replies { reply.completion(.failure(error)) }
        handle(.channelClosed(error, reason, channel: channel))
    }

    private func release(_ channel: UInt16) {
        openChannels.remove(channel)
        closingChannels.remove(channel)
        assembler.forget(channel: channel)
    }
}
