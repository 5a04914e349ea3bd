import CRabbitMQ

extension RabbitMQError {
    /// A librabbitmq status of an open connection as an error.
    ///
    /// - Parameters:
    ///   - status: A negative librabbitmq status.
    ///   - authority: Host and port of the peer.
    static func transport(_ status: Int32, _ authority: String) -> RabbitMQError {
        switch amqp_status_enum(status) {
        case AMQP_STATUS_HEARTBEAT_TIMEOUT:
            RabbitMQError(.connectionLost, "Broker \(authority) sent nothing for two heartbeat intervals.")
        case AMQP_STATUS_BAD_AMQP_DATA, AMQP_STATUS_UNKNOWN_CLASS, AMQP_STATUS_UNKNOWN_METHOD:
            RabbitMQError(.protocolViolation, "Broker \(authority) sent data that is not AMQP 0-9-1.")
        case AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SOCKET_CLOSED, AMQP_STATUS_SOCKET_ERROR:
            RabbitMQError(.connectionLost, "The connection to broker \(authority) was cut.")
        default:
            RabbitMQError(.connectionLost, "The connection to broker \(authority) failed: \(libraryText(status)).")
        }
    }

    /// A librabbitmq status of a failed connect as an error.
    static func connect(_ status: Int32, _ endpoint: BrokerEndpoint) -> RabbitMQError {
        let broker = "Broker \(endpoint.authority)"
        return switch amqp_status_enum(status) {
        case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED:
            RabbitMQError(.hostUnreachable, "\(broker): the host name does not resolve.")
        case AMQP_STATUS_TIMEOUT:
            RabbitMQError(.hostUnreachable, "\(broker) did not answer in time.")
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
            RabbitMQError(.tlsFailed, "\(broker): its certificate does not name the host.")
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
            RabbitMQError(.tlsFailed, "\(broker): its certificate is not signed by a trusted authority.")
        case AMQP_STATUS_SSL_CONNECTION_FAILED, AMQP_STATUS_SSL_ERROR:
            RabbitMQError(.tlsFailed, "\(broker): the TLS handshake failed\(pendingTLSReason()).")
        case AMQP_STATUS_SOCKET_ERROR:
            // The library keeps no reason; a port where nobody listens is by far the commonest.
            RabbitMQError(
                .hostUnreachable,
                "\(broker) is not reachable: no connection could be made. Is it running, at that port?")
        default:
            RabbitMQError(.hostUnreachable, "\(broker) is not reachable: \(libraryText(status)).")
        }
    }

    /// librabbitmq's own words.
    static func libraryText(_ status: Int32) -> String {
        String(cString: amqp_error_string2(status))
    }

    /// OpenSSL's last complaint on this thread, with a comma before it.
    private static func pendingTLSReason() -> String {
        let code = ERR_peek_last_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "" }
        return " (\(String(cString: reason)))"
    }
}
