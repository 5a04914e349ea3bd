public import Logging

/// How to reach the broker. The same value serves consumer, publisher and administration.
public struct ConnectionConfiguration: Sendable {
    /// Brokers of one cluster, tried in this order, again from the first after the last.
    public var endpoints: [BrokerEndpoint]
    /// Settings for `amqps://` endpoints.
    public var tls: TLSConfiguration
    /// Shown by the broker's management tools.
    public var name: String
    /// Asked of the broker, in whole seconds, 1 to 65535. Either side takes the other for dead after two intervals.
    /// RabbitMQ advises 5 to 20 s.
    public var heartbeat: Duration
    /// Limit for TCP connect and TLS handshake, and again for the login. Name resolution is not covered.
    public var connectTimeout: Duration
    /// Limit for the broker's answer to a request; the connection is dropped when it passes.
    public var requestTimeout: Duration
    /// Pauses between attempts to connect, and to consume from a queue again.
    public var backoff: Backoff
    /// Where connections report.
    public var logger: Logger

    /// Makes a configuration.
    ///
    /// - Parameters:
    ///   - endpoints: Brokers of one cluster.
    ///   - tls: Settings for `amqps://` endpoints.
    ///   - name: Shown by the broker's management tools.
    ///   - heartbeat: Asked of the broker, in whole seconds.
    ///   - connectTimeout: Limit for connecting, and again for the login.
    ///   - requestTimeout: Limit for the broker's answer to a request.
    ///   - backoff: Pauses between attempts.
    ///   - logger: Where connections report.
    public init(
        endpoints: [BrokerEndpoint],
        tls: TLSConfiguration = TLSConfiguration(),
        name: String = "rabbitmq-swift",
        heartbeat: Duration = .seconds(20),
        connectTimeout: Duration = .seconds(10),
        requestTimeout: Duration = .seconds(15),
        backoff: Backoff = Backoff(),
        logger: Logger = Logger(label: "rabbitmq")
    ) {
        self.endpoints = endpoints
        self.tls = tls
        self.name = name
        self.heartbeat = heartbeat
        self.connectTimeout = connectTimeout
        self.requestTimeout = requestTimeout
        self.backoff = backoff
        self.logger = logger
    }

    /// Refuses what can never work, before anything is tried.
    ///
    /// - Throws: `invalidConfiguration`, naming the setting.
    public func validate() throws(RabbitMQError) {
        guard !endpoints.isEmpty else { throw RabbitMQError(.invalidConfiguration, "No broker endpoint is given.") }
        guard (1...65_535).contains(heartbeatSeconds) else {
            throw RabbitMQError(.invalidConfiguration, "The heartbeat must be from 1 to 65535 seconds.")
        }
        for endpoint in endpoints {
            guard !endpoint.host.isEmpty else {
                throw RabbitMQError(.invalidConfiguration, "A broker endpoint has no host.")
            }
            if endpoint.usesTLS, tls.verifiesHostName, endpoint.isAddressLiteral {
                throw RabbitMQError(
                    .invalidConfiguration,
                    "Broker \(endpoint.authority): under TLS the host must be a DNS name, because librabbitmq cannot "
                        + "check IP addresses in certificates."
                )
            }
            if endpoint.login == .external, tls.identity == nil {
                throw RabbitMQError(
                    .invalidConfiguration,
                    "Broker \(endpoint.authority): login by certificate needs a client certificate and key."
                )
            }
        }
    }

    /// The heartbeat as the wire carries it.
    var heartbeatSeconds: Int { Int(heartbeat.components.seconds) }
}
