/// Puts messages together from method, header and body frames.
///
/// Frames of different channels may be interleaved at will; within a channel a method with content is followed by
/// its header and as many body bytes as that announces, and nothing else (AMQP 0-9-1, section 4.2.6). This is done
/// here because `amqp_consume_message` drops frames of other channels. The state of a channel is at most one message
/// of `bodyLimit` bytes; a larger body is counted and not kept, nor is that of a returned message.
struct ContentAssembler {
    /// What a frame completed.
    enum Output: Sendable, Hashable {
        case method(ServerMethod, channel: UInt16)
        case delivery(ServerMethod.DeliverMethod, MessageProperties, Delivery.Content, channel: UInt16)
        case returned(ServerMethod.ReturnMethod, MessageProperties, channel: UInt16)
    }

    private enum Origin {
        case deliver(ServerMethod.DeliverMethod)
        case returned(ServerMethod.ReturnMethod)
    }

    private enum State {
        case awaitingHeader(Origin)
        case awaitingBody(Origin, InboundFrame.ContentHeader, received: UInt64, kept: [UInt8])
    }

    /// The largest body that is kept, in bytes.
    let bodyLimit: Int
    private var channels: [UInt16: State] = [:]

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    /// Takes the next frame of the connection.
    ///
    /// - Returns: What the frame completed, if anything.
    /// - Throws: `protocolViolation` when the frame cannot stand here; the connection is of no further use.
    mutating func accept(_ frame: InboundFrame) throws(RabbitMQError) -> Output? {
        switch frame {
        case .heartbeat: return nil
        case .unknown(let type): throw violation("an unknown frame of type \(type)", channel: nil)
        case .method(let method, let channel): return try accept(method, channel)
        case .header(let header, let channel): return try accept(header, channel)
        case .body(let bytes, let channel): return try accept(bytes, channel)
        }
    }

    /// Forgets what a closed channel has begun.
    mutating func forget(channel: UInt16) {
        channels[channel] = nil
    }

    private mutating func accept(_ method: ServerMethod, _ channel: UInt16) throws(RabbitMQError) -> Output? {
        guard channels[channel] == nil else { throw violation("a method inside a message", channel: channel) }
        switch method {
        case .deliver(let deliver):
            channels[channel] = .awaitingHeader(.deliver(deliver))
            return nil
        case .returned(let returned):
            channels[channel] = .awaitingHeader(.returned(returned))
            return nil
        default:
            return .method(method, channel: channel)
        }
    }

    private mutating func accept(
        _ header: InboundFrame.ContentHeader, _ channel: UInt16
    ) throws(RabbitMQError) -> Output? {
        guard case .awaitingHeader(let origin) = channels[channel] else {
            throw violation("a content header without a message", channel: channel)
        }
        guard header.bodySize > 0 else { return finish(origin, header, [], channel) }
        var kept: [UInt8] = []
        if keepsBody(of: origin, header) { kept.reserveCapacity(Int(header.bodySize)) }
        channels[channel] = .awaitingBody(origin, header, received: 0, kept: kept)
        return nil
    }

    private mutating func accept(_ bytes: [UInt8], _ channel: UInt16) throws(RabbitMQError) -> Output? {
        // Taken out of the dictionary, so that appending does not copy what is there.
        guard case .awaitingBody(let origin, let header, let before, var kept) = channels.removeValue(forKey: channel)
        else { throw violation("a body without a header", channel: channel) }
        let (received, overflow) = before.addingReportingOverflow(UInt64(bytes.count))
        guard !overflow, received <= header.bodySize else {
            throw violation("more body than the header announced", channel: channel)
        }
        if keepsBody(of: origin, header) { kept.append(contentsOf: bytes) }
        guard received < header.bodySize else { return finish(origin, header, kept, channel) }
        channels[channel] = .awaitingBody(origin, header, received: received, kept: kept)
        return nil
    }

    private func keepsBody(of origin: Origin, _ header: InboundFrame.ContentHeader) -> Bool {
        if case .deliver = origin { header.bodySize <= UInt64(bodyLimit) } else { false }
    }

    private mutating func finish(
        _ origin: Origin, _ header: InboundFrame.ContentHeader, _ body: [UInt8], _ channel: UInt16
    ) -> Output {
        channels[channel] = nil
        switch origin {
        case .returned(let method):
            return .returned(method, header.properties, channel: channel)
        case .deliver(let method):
            let content: Delivery.Content =
                keepsBody(of: origin, header) ? .body(body) : .oversized(header.bodySize)
            return .delivery(method, header.properties, content, channel: channel)
        }
    }

    private func violation(_ what: String, channel: UInt16?) -> RabbitMQError {
        let place = channel.map { " on channel \($0)" } ?? ""
        return RabbitMQError(.protocolViolation, "The broker sent \(what)\(place).")
    }
}
