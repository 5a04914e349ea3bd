extension Settings {
    /// Whether start-up creates exchanges and queues.
    public enum Topology: String, Sendable, CaseIterable {
        /// Create what is missing.
        case declare
        /// Compare only; a difference is a start-up error.
        case verify
    }

    /// The type of the intake queues, as `x-queue-type` spells it.
    public enum QueueType: String, Sendable, CaseIterable {
        /// Replicated, the default.
        case quorum
        /// On one node.
        case classic
    }

    /// The RabbitMQ to work with.
    public struct Broker: Sendable, Hashable {
        /// Nodes of one cluster, to be tried in turn; at least one, `amqp` or `amqps`.
        public var urls: [ServiceURL]
        /// Certificates for `amqps`.
        public var tls: TLS
        /// Begins the name of every exchange and queue.
        public var prefix: String
        /// Whether start-up creates them.
        public var topology: Topology
        /// The type of the intake queues.
        public var queueType: QueueType

        /// Files with certificates, PEM.
        public struct TLS: Sendable, Hashable {
            /// Authorities to trust; the system's when nil.
            public var authority: String?
            /// Client certificate to present; set if and only if ``key`` is.
            public var certificate: String?
            /// Private key of the certificate.
            public var key: String?
        }

        init(reading reader: inout SettingsReader) {
            urls = reader.value(BrokerKeys.url)
            tls = TLS(
                authority: reader.value(BrokerKeys.authority), certificate: reader.value(BrokerKeys.certificate),
                key: reader.value(BrokerKeys.key))
            prefix = reader.value(BrokerKeys.prefix)
            topology = reader.value(BrokerKeys.topology)
            queueType = reader.value(BrokerKeys.queueType)
        }
    }
}
