/// The deliveries of a consumer, one after another. Several tasks may iterate; each delivery goes to one of them.
public struct Deliveries: AsyncSequence, Sendable {
    let consumer: RabbitMQConsumer

    /// Takes deliveries.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let consumer: RabbitMQConsumer

        /// The next delivery; nil when the session has ended or the task is cancelled.
        public mutating func next() async -> Delivery? {
            await consumer.nextDeliveries(upTo: 1).first
        }

        /// The next delivery; nil when the session has ended or the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Delivery? {
            await consumer.nextDeliveries(upTo: 1).first
        }
    }

    /// An iterator.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(consumer: consumer) }
}

extension RabbitMQConsumer {
    /// Deliveries of all queues consumed, until the session ends.
    public nonisolated var deliveries: Deliveries { Deliveries(consumer: self) }

    /// Waits for deliveries, and takes those that are there already.
    ///
    /// - Parameter limit: How many to take at most.
    /// - Returns: At least one; none when the session has ended or the task is cancelled.
    public func nextDeliveries(upTo limit: Int) async -> [Delivery] {
        guard buffer.isEmpty, !hasEnded, limit > 0 else { return take(limit) }
        nextWaiter += 1
        let id = nextWaiter
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters.append(Waiter(id: id, limit: limit, continuation: continuation))
            }
        } onCancel: {
            thread.perform { self.assumeIsolated { $0.dismiss(id) } }
        }
    }

    /// Gives what is there to those who wait.
    func feedWaiters() {
        while !buffer.isEmpty, let waiter = waiters.popFirst() {
            waiter.continuation.resume(returning: take(waiter.limit))
        }
    }

    /// Ends `deliveries`. What is left in the buffer belongs to a connection that is gone.
    func finish() {
        hasEnded = true
        buffer.removeAll()
        while let waiter = waiters.popFirst() { waiter.continuation.resume(returning: []) }
    }

    private func take(_ limit: Int) -> [Delivery] {
        var taken: [Delivery] = []
        while taken.count < limit, let delivery = buffer.popFirst() { taken.append(delivery) }
        return taken
    }

    private func dismiss(_ id: UInt64) {
        var dismissed: Waiter?
        waiters.removeAll { waiter in
            if waiter.id == id { dismissed = waiter }
            return waiter.id == id
        }
        dismissed?.continuation.resume(returning: [])
    }
}
