import CRabbitMQ

extension ServerMethod.CloseReason {
    /// The broker closed a channel for this reason.
    var channelError: RabbitMQError {
        let code: RabbitMQError.Code =
            switch Int32(self.code) {
            case AMQP_ACCESS_REFUSED: .accessRefused
            case AMQP_NOT_FOUND: .notFound
            case AMQP_RESOURCE_LOCKED: .resourceLocked
            case AMQP_PRECONDITION_FAILED: .preconditionFailed
            default: .channelClosed
            }
        return RabbitMQError(
            code, "The broker closed the channel: \(self.code) \(text)", replyCode: self.code,
            object: text.quoted(after: " exchange ") ?? text.quoted(after: " queue "),
            argument: text.quoted(after: "inequivalent arg ")
        )
    }

    /// The broker closed the connection for this reason.
    func connectionError(_ authority: String) -> RabbitMQError {
        RabbitMQError(
            .connectionLost, "Broker \(authority) closed the connection: \(code) \(text)", replyCode: code
        )
    }
}

extension String {
    /// The text in single quotes that follows `prefix`, as RabbitMQ writes names in its messages.
    fileprivate func quoted(after prefix: String) -> String? {
        guard let start = firstRange(of: prefix + "'") else { return nil }
        let rest = self[start.upperBound...]
        return rest.firstIndex(of: "'").map { String(rest[..<$0]) }
    }

    private func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
