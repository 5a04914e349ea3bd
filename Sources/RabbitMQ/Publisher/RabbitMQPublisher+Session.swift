import CRabbitMQ

extension RabbitMQPublisher: Session {
    func opened(_ connection: Connection) {
        openChannel(connection)
    }

    func lost(_ error: RabbitMQError) {
        blockedReason = nil
        closeLedger { _ in error }
    }

    func handle(_ event: InboundEvent, _ connection: Connection) {
        switch event {
        case .confirmed(let tag, let multiple, let positive, _):
            for resolution in ledger.resolve(upTo: tag, multiple: multiple, isPositive: positive) {
                settle(resolution.ticket, Self.result(resolution))
            }
        case .returned(let method, let properties, _):
            ledger.markReturned(
                .init(exchange: method.exchange, routingKey: method.routingKey, messageID: properties.messageID)
            )
        case .channelClosed(let error, let reason, _):
            let isAlone = ledger.count == 1
            closeLedger { address in Self.failure(error, reason, address, isAlone: isAlone) }
            link.events.yield(.publisherInterrupted(error))
            openChannel(connection)
        case .blocked(let reason):
            blockedReason = reason
            link.events.yield(.blocked(reason: reason))
        case .unblocked:
            blockedReason = nil
            link.events.yield(.unblocked)
        case .delivered, .consumerCancelled:
            break
        }
    }

    func work(now: ContinuousClock.Instant) throws(RabbitMQError) {
        expire(now: now)
        if let connection = link.connection { try pump(connection) }
    }

    var nextDeadline: ContinuousClock.Instant? { earliestDeadline }

    /// Fails everybody who waits; nothing will be published any more.
    func finish() {
        hasEnded = true
        waiting.removeAll()
        for id in requests.keys { settle(id, .failure(Self.ended)) }
        for waiter in readyWaiters.values { waiter.resume(returning: false) }
        readyWaiters = [:]
    }

    private func openChannel(_ connection: Connection) {
        connection.openChannel { [self] channel, result in
            guard case .success = result else { return }
            connection.request(.confirmSelect, on: channel) { [self] result in
                guard case .success = result else { return }
                self.channel = channel
                for waiter in readyWaiters.values { waiter.resume(returning: true) }
                readyWaiters = [:]
            }
        }
    }

    /// The channel is gone: what was written and not confirmed has an unknown end.
    private func closeLedger(_ reason: (ConfirmLedger<UInt64>.Address) -> RabbitMQError) {
        channel = nil
        for (id, address) in ledger.removeAll() { settle(id, .failure(reason(address))) }
    }

    private static func result(
        _ resolution: ConfirmLedger<UInt64>.Resolution
    ) -> Result<PublishConfirmation, RabbitMQError> {
        guard resolution.isPositive else {
            return .failure(
                RabbitMQError(.nacked, "The broker refused a message, for example because a queue is full.")
            )
        }
        return .success(resolution.wasReturned ? .unroutable : .routed)
    }

    /// Why a message failed whose channel was closed. The broker closes it on account of one message, and says of
    /// which only by the exchange; for the others it is a loss.
    private static func failure(
        _ error: RabbitMQError, _ reason: ServerMethod.CloseReason, _ address: ConfirmLedger<UInt64>.Address,
        isAlone: Bool
    ) -> RabbitMQError {
        guard isAlone || error.object == address.exchange else {
            return RabbitMQError(
                .channelClosed,
                "The broker closed the channel, perhaps on account of another message: \(reason.code) \(reason.text)",
                replyCode: error.replyCode
            )
        }
        guard Int32(reason.code) == AMQP_NOT_FOUND else { return error }
        return RabbitMQError(
            .exchangeMissing, "There is no exchange '\(address.exchange)'.", replyCode: error.replyCode,
            object: address.exchange
        )
    }
}
