extension RabbitMQPublisher {
    /// Publishes a message with the `mandatory` flag and waits for the broker's confirm.
    ///
    /// Also waits for a connection, for the end of an alarm on the broker and for room in the window, all within
    /// `confirmTimeout`. When the task is cancelled the call returns at once; a message already written may still
    /// reach its queues.
    ///
    /// - Parameters:
    ///   - message: What to publish.
    ///   - confirmTimeout: Limit for everything together.
    /// - Returns: Whether a queue took it.
    /// - Throws: `messageRefused`, `exchangeMissing`, `accessRefused`, `nacked`, `blocked`, `notConnected`,
    ///   `confirmTimeout`, `connectionLost`, `channelClosed`, `cancelled`, `closed`. The `retryability` tells which
    ///   of them leave it open whether the broker has the message.
    public func publish(
        _ message: OutgoingMessage, confirmTimeout: Duration = .seconds(30)
    ) async throws(RabbitMQError) -> PublishConfirmation {
        try message.validate(bodyLimit: link.bodyLimit, frameMax: Int(Handshake.frameMax))
        guard !hasEnded else { throw Self.ended }
        nextRequest += 1
        let id = nextRequest
        let deadline = ContinuousClock.now + confirmTimeout
        earliestDeadline = min(earliestDeadline ?? deadline, deadline)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                requests[id] = Request(message: message, deadline: deadline, continuation: continuation)
                waiting.append(id)
            }
        } onCancel: {
            thread.perform { self.assumeIsolated { $0.abandon(id) } }
        }
        return try result.get()
    }

    /// The caller was cancelled. The ledger keeps the number of a message that was written.
    private func abandon(_ id: UInt64) {
        settle(id, .failure(RabbitMQError(.cancelled, "Publishing was cancelled.")))
    }

    func settle(_ id: UInt64, _ result: Result<PublishConfirmation, RabbitMQError>) {
        requests.removeValue(forKey: id)?.continuation.resume(returning: result)
    }

    /// Writes what waits, as far as the window and the broker allow.
    func pump(_ connection: Connection) throws(RabbitMQError) {
        while let channel, blockedReason == nil, !connection.isClosing, ledger.count < window,
            let id = waiting.popFirst()
        {
            guard let message = requests[id]?.message else { continue }
            do throws(RabbitMQError) {
                // The broker may have agreed to smaller frames than were asked for.
                try message.validate(bodyLimit: link.bodyLimit, frameMax: connection.transport.frameMax)
            } catch {
                settle(id, .failure(error))
                continue
            }
            // An expired heartbeat must show here; inside the write librabbitmq would wait for it without limit.
            // What arrives may close the channel or raise an alarm.
            _ = try connection.service(now: .now) { handle($0, connection) }
            guard self.channel == channel, blockedReason == nil, !connection.isClosed else {
                waiting.prepend(id)
                return
            }
            ledger.append(id, message.address)
            requests[id]?.wasWritten = true
            connection.publish(message, on: channel)
        }
    }

    /// Fails the calls whose time is up.
    func expire(now: ContinuousClock.Instant) {
        guard let earliestDeadline, earliestDeadline <= now else { return }
        for (id, request) in requests where request.deadline <= now {
            settle(id, .failure(timeout(request)))
        }
        self.earliestDeadline = requests.values.map(\.deadline).min()
    }

    private func timeout(_ request: Request) -> RabbitMQError {
        if request.wasWritten {
            return RabbitMQError(.confirmTimeout, "The broker did not confirm a message in time.")
        }
        if let blockedReason {
            return RabbitMQError(.blocked, "The broker blocks publishers: \(blockedReason)")
        }
        return RabbitMQError(
            .notConnected,
            channel == nil
                ? "There was no connection to the broker in time to publish a message."
                : "Too many messages wait for the broker's confirm."
        )
    }
}

extension OutgoingMessage {
    fileprivate var address: ConfirmLedger<UInt64>.Address {
        ConfirmLedger.Address(exchange: exchange, routingKey: routingKey, messageID: properties.messageID)
    }
}
