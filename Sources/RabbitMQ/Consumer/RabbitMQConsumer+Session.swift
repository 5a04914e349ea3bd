import Logging

extension RabbitMQConsumer: Session {
    func opened(_ connection: Connection) {
        for queue in subscriptions.keys.sorted() { advance(queue) }
    }

    func lost(_ error: RabbitMQError) {
        buffer.removeAll()
        for queue in subscriptions.keys { subscriptions[queue]?.forgetChannel(retryAt: nil) }
    }

    func handle(_ event: InboundEvent, _ connection: Connection) {
        switch event {
        case .delivered(let method, let properties, let content, let channel):
            deliver(method, properties, content, channel)
        case .consumerCancelled(_, let channel):
            guard let queue = queue(on: channel) else { return }
            // The broker may have cancelled because the queue is gone; only a fresh channel tells.
            subscriptions[queue]?.phase = .closing
            connection.closeChannel(channel) { [self] _ in
                interrupted(queue, Self.cancelledByBroker(queue))
            }
        case .channelClosed(let error, _, let channel):
            guard let queue = queue(on: channel) else { return }
            interrupted(queue, error)
        case .blocked(let reason): link.events.yield(.blocked(reason: reason))
        case .unblocked: link.events.yield(.unblocked)
        case .returned, .confirmed: break
        }
    }

    func work(now: ContinuousClock.Instant) {
        for (queue, subscription) in subscriptions where subscription.step(now: now) != .nothing { advance(queue) }
        feedWaiters()
    }

    var nextDeadline: ContinuousClock.Instant? {
        guard link.connection != nil else { return nil }
        return subscriptions.values.compactMap { subscription in
            if case .idle(let retryAt) = subscription.phase, subscription.isWanted { retryAt } else { nil }
        }.min()
    }

    private static func cancelledByBroker(_ queue: String) -> RabbitMQError {
        RabbitMQError(
            .notFound, "The broker cancelled the consumer of queue '\(queue)'; it may have been deleted.",
            object: queue
        )
    }

    private func queue(on channel: UInt16) -> String? {
        subscriptions.first { $0.value.channel == channel }?.key
    }

    private func deliver(
        _ method: ServerMethod.DeliverMethod, _ properties: MessageProperties, _ content: Delivery.Content,
        _ channel: UInt16
    ) {
        guard let queue = queue(on: channel), let incarnation = subscriptions[queue]?.incarnation else { return }
        subscriptions[queue]?.unsettled.insert(method.deliveryTag)
        let id = Delivery.ID(
            epoch: link.epoch, incarnation: incarnation, queue: queue, tag: method.deliveryTag
        )
        buffer.append(
            Delivery(
                id: id, content: content, exchange: method.exchange, routingKey: method.routingKey,
                redelivered: method.redelivered, properties: properties
            )
        )
    }

    /// The queue's channel is gone, and was not meant to.
    func interrupted(_ queue: String, _ error: RabbitMQError) {
        guard var subscription = subscriptions[queue] else { return }
        subscription.failures += 1
        var random = SystemRandomNumberGenerator()
        let pause = link.configuration.backoff.pause(afterFailures: subscription.failures, using: &random)
        subscription.forgetChannel(retryAt: .now + pause)
        subscriptions[queue] = subscription
        buffer.removeAll { $0.queue == queue }
        link.configuration.logger.warning(
            "queue no longer consumed",
            metadata: ["queue": "\(queue)", "reason": "\(error)", "retry_in": "\(pause)"]
        )
        link.events.yield(.consumerInterrupted(queue: queue, error, retryIn: pause))
    }
}
