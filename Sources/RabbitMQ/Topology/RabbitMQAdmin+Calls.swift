extension RabbitMQAdmin {
    /// Tells what a queue holds.
    ///
    /// - Throws: `notFound` when there is none of this name.
    public func queueStatus(_ name: String) async throws(RabbitMQError) -> QueueStatus {
        let reply = try await call(.queueDeclare(.init(name: name, passive: true)))
        guard case .queueDeclared(_, let messages, let consumers) = reply else { throw Self.unexpected(reply) }
        return QueueStatus(messages: Int(messages), consumers: Int(consumers))
    }

    /// Deletes a queue with all that is in it. One that does not exist is deleted already.
    ///
    /// - Returns: How many messages went with it.
    @discardableResult
    public func deleteQueue(_ name: String) async throws(RabbitMQError) -> Int {
        let reply = try await call(.queueDelete(name: name))
        guard case .queueDeleted(let messages) = reply else { throw Self.unexpected(reply) }
        return Int(messages)
    }

    /// Drops all messages of a queue that are ready to be delivered.
    ///
    /// - Returns: How many there were.
    /// - Throws: `notFound` when there is no queue of this name.
    @discardableResult
    public func purgeQueue(_ name: String) async throws(RabbitMQError) -> Int {
        let reply = try await call(.queuePurge(name: name))
        guard case .queuePurged(let messages) = reply else { throw Self.unexpected(reply) }
        return Int(messages)
    }

    /// Deletes an exchange. One that does not exist is deleted already.
    public func deleteExchange(_ name: String) async throws(RabbitMQError) {
        _ = try await call(.exchangeDelete(name: name))
    }

    /// Takes a binding away. One that does not exist is away already.
    public func unbind(_ binding: Topology.Binding) async throws(RabbitMQError) {
        let method = ClientMethod.queueUnbind(
            queue: binding.queue, exchange: binding.exchange, routingKey: binding.routingKey,
            arguments: binding.arguments
        )
        _ = try await call(method)
    }

    /// Creates what is missing of a topology. What exists must be as described.
    ///
    /// - Throws: `preconditionFailed`, with the object and the argument that differs; `accessRefused`.
    public func declare(_ topology: Topology) async throws(RabbitMQError) {
        for exchange in topology.exchanges { try await declare(exchange) }
        for queue in topology.queues { try await declare(queue) }
        for binding in topology.bindings {
            let method = ClientMethod.queueBind(
                queue: binding.queue, exchange: binding.exchange, routingKey: binding.routingKey,
                arguments: binding.arguments
            )
            _ = try await call(method)
        }
    }

    /// Compares a topology with the broker and changes nothing.
    ///
    /// AMQP can neither show bindings nor compare arguments without the permission to configure the object.
    ///
    /// - Returns: Sentences about what could not be compared.
    /// - Throws: `notFound` with the object that is missing; `preconditionFailed` with the object and the argument
    ///   that differs.
    public func verify(_ topology: Topology) async throws(RabbitMQError) -> [String] {
        var unverified: [String] = []
        for exchange in topology.exchanges {
            _ = try await call(.exchangeDeclare(exchange, passive: true))
            // A passive declaration compares nothing but the name. A plain one compares everything, and creates
            // nothing where the object exists.
            if try await !isPermitted({ () async throws(RabbitMQError) in try await self.declare(exchange) }) {
                unverified.append("The arguments of exchange '\(exchange.name)' cannot be compared: no permission.")
            }
        }
        for queue in topology.queues {
            _ = try await queueStatus(queue.name)
            if try await !isPermitted({ () async throws(RabbitMQError) in try await self.declare(queue) }) {
                unverified.append("The arguments of queue '\(queue.name)' cannot be compared: no permission.")
            }
        }
        return unverified
    }

    private func declare(_ exchange: Topology.Exchange) async throws(RabbitMQError) {
        _ = try await call(.exchangeDeclare(exchange, passive: false))
    }

    private func declare(_ queue: Topology.Queue) async throws(RabbitMQError) {
        let declaration = ClientMethod.QueueDeclaration(
            name: queue.name, durable: queue.durable, arguments: queue.declaredArguments
        )
        _ = try await call(.queueDeclare(declaration))
    }

    private func isPermitted(
        _ body: () async throws(RabbitMQError) -> Void
    ) async throws(RabbitMQError) -> Bool {
        do throws(RabbitMQError) {
            try await body()
            return true
        } catch {
            guard error.code == .accessRefused else { throw error }
            return false
        }
    }

    private static func unexpected(_ reply: ServerMethod.Reply) -> RabbitMQError {
        RabbitMQError(.protocolViolation, "The broker answered something else: \(reply).")
    }
}

/// Declares or checks a topology over a short-lived connection of its own.
public enum RabbitMQTopology {
    /// Creates what is missing. See `RabbitMQAdmin.declare`.
    public static func declare(
        _ configuration: ConnectionConfiguration, _ topology: Topology
    ) async throws(RabbitMQError) {
        try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            try await admin.declare(topology)
        }
    }

    /// Compares and changes nothing. See `RabbitMQAdmin.verify`.
    ///
    /// - Returns: Sentences about what could not be compared.
    public static func verify(
        _ configuration: ConnectionConfiguration, _ topology: Topology
    ) async throws(RabbitMQError) -> [String] {
        try await RabbitMQAdmin.withSession(configuration) { admin throws(RabbitMQError) in
            try await admin.verify(topology)
        }
    }
}
