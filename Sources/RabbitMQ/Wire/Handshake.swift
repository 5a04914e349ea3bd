import CRabbitMQ
import Glibc

/// Connects and logs in. Blocks, so it runs on a thread of its own.
struct Handshake {
    let endpoint: BrokerEndpoint
    let configuration: ConnectionConfiguration

    /// Largest frame to ask for. RabbitMQ 4.1 and later refuse less than 8192.
    static let frameMax: Int32 = 131_072
    /// Channels to ask for: one per queue consumed, or one to publish.
    static let channelMax: Int32 = 128

    /// Connects and logs in.
    ///
    /// - Returns: An open connection that no thread owns yet.
    func perform() throws(RabbitMQError) -> sending Transport {
        guard let state = amqp_new_connection() else {
            throw RabbitMQError(.systemResources, "There is no memory for a connection.")
        }
        do {
            try openSocket(state)
            try logIn(state)
            tune(amqp_get_sockfd(state), interval: interval(state))
        } catch {
            amqp_destroy_connection(state)
            throw error
        }
        let properties = amqp_get_server_properties(state).map { FieldTable($0.pointee) } ?? [:]
        amqp_maybe_release_buffers(state)
        return Transport(
            state: state, endpoint: endpoint, serverProperties: properties,
            pulse: Watchdog.shared.watch(amqp_get_sockfd(state), limit: 2 * interval(state))
        )
    }

    private func openSocket(_ state: amqp_connection_state_t) throws(RabbitMQError) {
        guard let socket = endpoint.usesTLS ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state) else {
            throw RabbitMQError(.systemResources, "There is no memory for a socket.")
        }
        if endpoint.usesTLS { try prepareTLS(socket) }
        var timeout = timeval(configuration.connectTimeout)
        let status = amqp_socket_open_noblock(socket, endpoint.host, Int32(endpoint.port), &timeout)
        guard status == AMQP_STATUS_OK.rawValue else { throw RabbitMQError.connect(status, endpoint) }
        var limit = timeval(configuration.connectTimeout)
        amqp_set_handshake_timeout(state, &limit)
        amqp_set_rpc_timeout(state, &limit)
    }

    private func prepareTLS(_ socket: OpaquePointer) throws(RabbitMQError) {
        let tls = configuration.tls
        guard let context = amqp_ssl_socket_get_context(socket), crabbitmq_tls_require_1_2(context) == 1 else {
            throw RabbitMQError(.systemResources, "OpenSSL gave no TLS context.")
        }
        amqp_ssl_socket_set_verify_peer(socket, 1)
        amqp_ssl_socket_set_verify_hostname(socket, tls.verifiesHostName ? 1 : 0)
        if let file = tls.certificateAuthority {
            guard amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
                throw RabbitMQError(.invalidConfiguration, "No certificate authority can be read from \(file).")
            }
        } else {
            _ = crabbitmq_tls_trust_system(context)
        }
        if let identity = tls.identity {
            let status = amqp_ssl_socket_set_key(socket, identity.certificate, identity.key)
            guard status == AMQP_STATUS_OK.rawValue else {
                throw RabbitMQError(
                    .invalidConfiguration,
                    "No certificate with its key can be read from \(identity.certificate) and \(identity.key)."
                )
            }
        }
    }

    private func logIn(_ state: amqp_connection_state_t) throws(RabbitMQError) {
        let arena = WireArena()
        var properties = arena.table(clientProperties)
        let heartbeat = Int32(configuration.heartbeatSeconds)
        let reply = withExtendedLifetime(arena) {
            switch endpoint.login {
            case .plain(let user, let password):
                crabbitmq_login_plain(
                    state, endpoint.virtualHost, Self.channelMax, Self.frameMax, heartbeat, &properties, user, password
                )
            case .external:
                // RabbitMQ takes the name from the certificate, whatever this says; librabbitmq fails when it is empty.
                crabbitmq_login_external(
                    state, endpoint.virtualHost, Self.channelMax, Self.frameMax, heartbeat, &properties, "certificate"
                )
            }
        }
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION: throw refusal(ServerMethod(reply.reply))
        default: throw loginFailure(reply.library_error)
        }
    }

    /// Without these capabilities the broker tells nothing of deleted queues and alarms.
    private var clientProperties: FieldTable {
        [
            "connection_name": .string(configuration.name),
            "capabilities": .table([
                "publisher_confirms": true, "consumer_cancel_notify": true, "connection.blocked": true,
                "basic.nack": true, "exchange_exchange_bindings": true, "authentication_failure_close": true,
            ]),
        ]
    }

    private func refusal(_ method: ServerMethod) -> RabbitMQError {
        let broker = "Broker \(endpoint.authority)"
        guard case .connectionClose(let reason) = method else {
            return RabbitMQError(.protocolViolation, "\(broker) answered the login with an unknown method.")
        }
        return switch Int32(reason.code) {
        case AMQP_ACCESS_REFUSED:
            RabbitMQError(
                .authenticationRefused, "\(broker) refused the login (\(endpoint.login)).", replyCode: reason.code
            )
        case AMQP_NOT_ALLOWED, AMQP_INVALID_PATH:
            RabbitMQError(
                .virtualHostRefused, "\(broker) refused virtual host '\(endpoint.virtualHost)': \(reason.text)",
                replyCode: reason.code, object: endpoint.virtualHost
            )
        default:
            RabbitMQError(
                .connectionLost, "\(broker) closed the connection during the login: \(reason.code) \(reason.text)",
                replyCode: reason.code
            )
        }
    }

    private func loginFailure(_ status: Int32) -> RabbitMQError {
        let broker = "Broker \(endpoint.authority)"
        return switch amqp_status_enum(status) {
        case AMQP_STATUS_TIMEOUT:
            RabbitMQError(.hostUnreachable, "\(broker) did not answer the login in time.")
        case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD:
            RabbitMQError(.authenticationRefused, "\(broker) does not offer login by \(endpoint.login).")
        case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION, AMQP_STATUS_BAD_AMQP_DATA:
            RabbitMQError(.protocolViolation, "\(broker) does not speak AMQP 0-9-1.")
        default:
            RabbitMQError(
                .hostUnreachable,
                "\(broker) cut the connection during the login: \(RabbitMQError.libraryText(status))."
            )
        }
    }

    /// Bounds how long the kernel keeps trying to deliver bytes and notices silent peers, where librabbitmq does not.
    /// Failure is of no consequence: the watchdog is the second line.
    private func tune(_ descriptor: Int32, interval: Int) {
        let tcp = Int32(IPPROTO_TCP)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, tcp, TCP_KEEPIDLE, Int32(interval))
        set(descriptor, tcp, TCP_KEEPINTVL, Int32(max(1, interval / 2)))
        set(descriptor, tcp, TCP_KEEPCNT, 3)
        set(descriptor, tcp, TCP_USER_TIMEOUT, Int32(2_000 * interval))
    }

    /// Seconds after which a sign of life is due; ours when the broker wants no heartbeats. At most 65535.
    private func interval(_ state: amqp_connection_state_t) -> Int {
        let negotiated = Int(amqp_get_heartbeat(state))
        return negotiated > 0 ? negotiated : configuration.heartbeatSeconds
    }

    private func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

extension timeval {
    init(_ duration: Duration) {
        let parts = duration.components
        self.init(tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
    }
}
