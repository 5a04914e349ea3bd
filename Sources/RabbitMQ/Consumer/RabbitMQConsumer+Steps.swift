extension RabbitMQConsumer {
    /// Takes the next step towards what is wanted of the queue.
    func advance(_ queue: String) {
        guard let connection = link.connection, let subscription = subscriptions[queue] else { return }
        switch subscription.step(now: .now) {
        case .nothing: break
        case .open: open(queue, connection)
        case .start(let channel): start(queue, subscription, channel, connection)
        case .cancel(let channel):
            subscriptions[queue]?.phase = .stopping(channel: channel)
            connection.request(.cancel(consumerTag: Self.consumerTag), on: channel) { [self] result in
                settled(queue, subscription.incarnation, result, .parked(channel: channel))
            }
        case .close(let channel):
            subscriptions[queue]?.phase = .closing
            buffer.removeAll { $0.queue == queue }
            connection.closeChannel(channel) { [self] _ in
                subscriptions[queue]?.forgetChannel(retryAt: nil)
                advance(queue)
            }
        }
    }

    /// Tags are per channel, and each channel has one consumer.
    static var consumerTag: String { "1" }

    private func open(_ queue: String, _ connection: Connection) {
        incarnations += 1
        let incarnation = incarnations
        subscriptions[queue]?.incarnation = incarnation
        subscriptions[queue]?.phase = .opening
        connection.openChannel { [self] channel, result in
            guard subscriptions[queue]?.incarnation == incarnation else { return }
            switch result {
            case .success:
                subscriptions[queue]?.phase = .parked(channel: channel)
                advance(queue)
            case .failure(let error):
                // A lost connection or a closed channel is told to everyone by itself.
                if error.code == .systemResources { interrupted(queue, error) }
            }
        }
    }

    private func start(
        _ queue: String, _ subscription: Subscription, _ channel: UInt16, _ connection: Connection
    ) {
        subscriptions[queue]?.phase = .starting(channel: channel)
        subscriptions[queue]?.startedPrefetch = subscription.prefetch
        connection.request(.qos(prefetch: subscription.prefetch), on: channel) { _ in }
        switch subscription.source {
        case .queue(let name):
            consume(queue, subscription.incarnation, name, exclusive: false, channel, connection)
        case .exclusive(let exchange, let patterns):
            let declaration = ClientMethod.QueueDeclaration(name: "", exclusive: true, autoDelete: true)
            connection.request(.queueDeclare(declaration), on: channel) { [self] result in
                guard case .success(.queueDeclared(let name, _, _)) = result else { return }
                for pattern in patterns {
                    let bind = ClientMethod.queueBind(
                        queue: name, exchange: exchange, routingKey: pattern, arguments: [:]
                    )
                    connection.request(bind, on: channel) { _ in }
                }
                consume(queue, subscription.incarnation, name, exclusive: true, channel, connection)
            }
        }
    }

    private func consume(
        _ queue: String, _ incarnation: UInt64, _ name: String, exclusive: Bool, _ channel: UInt16,
        _ connection: Connection
    ) {
        let method = ClientMethod.consume(queue: name, consumerTag: Self.consumerTag, exclusive: exclusive)
        connection.request(method, on: channel) { [self] result in
            settled(queue, incarnation, result, .consuming(channel: channel))
        }
    }

    /// A request was answered; failures reach the queue through the loss of its channel.
    private func settled(
        _ queue: String, _ incarnation: UInt64, _ result: Result<ServerMethod.Reply, RabbitMQError>,
        _ phase: Subscription.Phase
    ) {
        guard case .success = result, subscriptions[queue]?.incarnation == incarnation else { return }
        subscriptions[queue]?.phase = phase
        if case .consuming = phase {
            subscriptions[queue]?.failures = 0
            link.events.yield(.consuming(queue: queue))
        }
        advance(queue)
    }
}
