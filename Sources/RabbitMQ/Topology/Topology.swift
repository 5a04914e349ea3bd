/// Exchanges, queues and bindings a program needs.
public struct Topology: Sendable, Hashable {
    /// An exchange.
    public struct Exchange: Sendable, Hashable {
        /// How an exchange routes.
        public enum Kind: String, Sendable {
            /// By the exact routing key.
            case direct
            /// To every queue bound.
            case fanout
            /// By patterns over the words of the routing key.
            case topic
            /// By message headers.
            case headers
        }

        /// Its name.
        public var name: String
        /// How it routes.
        public var kind: Kind
        /// Whether it survives a broker restart.
        public var durable: Bool
        /// For example `alternate-exchange`.
        public var arguments: FieldTable

        /// Makes an exchange.
        ///
        /// - Parameters:
        ///   - name: Its name.
        ///   - kind: How it routes.
        ///   - durable: Whether it survives a broker restart.
        ///   - arguments: For example `alternate-exchange`.
        public init(_ name: String, _ kind: Kind, durable: Bool = true, arguments: FieldTable = [:]) {
            self.name = name
            self.kind = kind
            self.durable = durable
            self.arguments = arguments
        }
    }

    /// A queue.
    public struct Queue: Sendable, Hashable {
        /// How the broker keeps its messages.
        public enum Kind: String, Sendable {
            /// Replicated; always durable.
            case quorum
            /// On one node.
            case classic
        }

        /// Its name.
        public var name: String
        /// How the broker keeps its messages.
        public var kind: Kind
        /// Whether it survives a broker restart.
        public var durable: Bool
        /// Arguments besides `x-queue-type`, for example `x-dead-letter-exchange`.
        public var arguments: FieldTable

        /// Makes a queue.
        ///
        /// - Parameters:
        ///   - name: Its name.
        ///   - kind: How the broker keeps its messages.
        ///   - durable: Whether it survives a broker restart. RabbitMQ 4.3 refuses queues that are neither durable
        ///     nor exclusive.
        ///   - arguments: Arguments besides `x-queue-type`.
        public init(_ name: String, _ kind: Kind, durable: Bool = true, arguments: FieldTable = [:]) {
            self.name = name
            self.kind = kind
            self.durable = durable
            self.arguments = arguments
        }

        /// All arguments on the wire.
        var declaredArguments: FieldTable {
            arguments.merging(["x-queue-type": .string(kind.rawValue)]) { _, type in type }
        }
    }

    /// A route from an exchange to a queue.
    public struct Binding: Sendable, Hashable {
        /// The queue.
        public var queue: String
        /// The exchange.
        public var exchange: String
        /// The routing key or pattern.
        public var routingKey: String
        /// Arguments of headers exchanges.
        public var arguments: FieldTable

        /// Makes a binding.
        ///
        /// - Parameters:
        ///   - queue: The queue.
        ///   - exchange: The exchange.
        ///   - routingKey: The routing key or pattern.
        ///   - arguments: Arguments of headers exchanges.
        public init(queue: String, exchange: String, routingKey: String = "", arguments: FieldTable = [:]) {
            self.queue = queue
            self.exchange = exchange
            self.routingKey = routingKey
            self.arguments = arguments
        }
    }

    /// Declared first, in this order.
    public var exchanges: [Exchange]
    /// Declared second.
    public var queues: [Queue]
    /// Made last.
    public var bindings: [Binding]

    /// Makes a topology.
    ///
    /// - Parameters:
    ///   - exchanges: Declared first, in this order.
    ///   - queues: Declared second.
    ///   - bindings: Made last.
    public init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }
}
