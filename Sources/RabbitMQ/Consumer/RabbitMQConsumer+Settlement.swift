extension RabbitMQConsumer {
    /// Acknowledges one delivery.
    ///
    /// - Returns: False when its channel is gone, so that it will be delivered again, or when it is settled already.
    @discardableResult
    public func ack(_ delivery: Delivery.ID) -> Bool {
        settle(delivery, multiple: false, by: .ack(tag: delivery.tag, multiple: false))
    }

    /// Acknowledges a delivery and all earlier ones of the same queue.
    ///
    /// - Returns: False when the channel is gone, or nothing was left to settle.
    @discardableResult
    public func ack(upTo delivery: Delivery.ID) -> Bool {
        settle(delivery, multiple: true, by: .ack(tag: delivery.tag, multiple: true))
    }

    /// Refuses one delivery.
    ///
    /// - Parameters:
    ///   - delivery: What to refuse.
    ///   - requeue: True to have it delivered again, which counts against a queue's delivery limit; false to have it
    ///     dead-lettered or dropped.
    /// - Returns: False when its channel is gone, or when it is settled already.
    @discardableResult
    public func reject(_ delivery: Delivery.ID, requeue: Bool) -> Bool {
        settle(delivery, multiple: false, by: .reject(tag: delivery.tag, requeue: requeue))
    }

    private func settle(_ id: Delivery.ID, multiple: Bool, by method: ClientMethod) -> Bool {
        guard let connection = link.connection, let subscription = subscriptions[id.queue],
            let channel = subscription.channel, subscription.incarnation == id.incarnation,
            subscriptions[id.queue]?.settle(id.tag, multiple: multiple) == true
        else { return false }
        connection.post(method, on: channel)
        return true
    }
}
