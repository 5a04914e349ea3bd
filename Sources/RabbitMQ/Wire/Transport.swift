import CRabbitMQ

/// The librabbitmq connection: the only place that reads and writes it after the login.
///
/// Not `Sendable`: it lives in the isolation of one actor, and so on one thread, as librabbitmq demands.
final class Transport {
    /// Tells the watchdog about the socket.
    let pulse: WatchdogPulse?
    /// The peer.
    let endpoint: BrokerEndpoint
    /// What the broker said about itself.
    let serverProperties: FieldTable
    /// Largest frame either side may send, in bytes.
    let frameMax: Int
    /// Highest channel number agreed on.
    let channelMax: UInt16
    /// Negotiated interval in seconds; 0 when the broker wants none.
    let heartbeat: Int
    /// When something was last written.
    private(set) var lastWrite = ContinuousClock.now

    private let state: amqp_connection_state_t

    /// Takes over a connection that has logged in.
    init(
        state: amqp_connection_state_t, endpoint: BrokerEndpoint, serverProperties: FieldTable, pulse: WatchdogPulse?
    ) {
        self.state = state
        self.endpoint = endpoint
        self.serverProperties = serverProperties
        self.pulse = pulse
        frameMax = Int(amqp_get_frame_max(state))
        // Zero would mean no limit.
        let channels = amqp_get_channel_max(state)
        channelMax = UInt16(clamping: channels > 0 ? channels : Handshake.channelMax)
        heartbeat = Int(amqp_get_heartbeat(state))
    }

    deinit {
        pulse?.stop()
        amqp_destroy_connection(state)
    }

    /// The socket, for `poll`.
    var descriptor: Int32 { amqp_get_sockfd(state) }

    /// The next frame that is there already; nil when there is none. Never waits. This is also where librabbitmq
    /// notices that the peer's heartbeats have stopped.
    func nextFrame() throws(RabbitMQError) -> InboundFrame? {
        var frame = amqp_frame_t()
        var now = timeval(tv_sec: 0, tv_usec: 0)
        let status = amqp_simple_wait_frame_noblock(state, &frame, &now)
        switch amqp_status_enum(status) {
        case AMQP_STATUS_OK: return InboundFrame(frame)
        case AMQP_STATUS_TIMEOUT: return nil
        default: throw RabbitMQError.transport(status, endpoint.authority)
        }
    }

    /// Frees what librabbitmq has decoded, on channels where it can.
    func releaseBuffers() {
        amqp_maybe_release_buffers(state)
    }

    /// Writes a method. Waits when the socket is full; the watchdog ends a wait that lasts.
    func send(_ method: ClientMethod, on channel: UInt16) throws(RabbitMQError) {
        try check(method.send(on: channel, of: state))
    }

    /// Writes a heartbeat.
    func sendHeartbeat() throws(RabbitMQError) {
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
        try check(amqp_send_frame(state, &frame))
    }

    /// Writes a message with `mandatory` set.
    ///
    /// Call `nextFrame` until it returns nil immediately before: past the moment at which librabbitmq expected a
    /// heartbeat it would wait for one without limit inside the write.
    func publish(_ message: OutgoingMessage, on channel: UInt16) throws(RabbitMQError) {
        let arena = WireArena()
        var properties = message.properties.wire(in: arena)
        let exchange = arena.bytes(message.exchange)
        let routingKey = arena.bytes(message.routingKey)
        let status = message.body.withUnsafeBytes { body in
            // librabbitmq only reads the body, although its type says otherwise.
            let bytes = amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress))
            return withExtendedLifetime(arena) {
                amqp_basic_publish(state, channel, exchange, routingKey, 1, 0, &properties, bytes)
            }
        }
        try check(status)
        // librabbitmq marks the last frame as "more to come" when it is full, or when there is no body, and the
        // kernel then holds it back. The next plain write sends it off.
        if message.body.count.isMultiple(of: frameMax - 8) { try sendHeartbeat() }
    }

    private func check(_ status: Int32) throws(RabbitMQError) {
        guard status == AMQP_STATUS_OK.rawValue else { throw RabbitMQError.transport(status, endpoint.authority) }
        lastWrite = ContinuousClock.now
    }
}
