/// What an open connection tells its session.
enum InboundEvent {
    case delivered(ServerMethod.DeliverMethod, MessageProperties, Delivery.Content, channel: UInt16)
    case returned(ServerMethod.ReturnMethod, MessageProperties, channel: UInt16)
    case confirmed(tag: UInt64, multiple: Bool, positive: Bool, channel: UInt16)
    case consumerCancelled(consumerTag: String, channel: UInt16)
    /// The broker closed the channel; requests waiting on it have failed before.
    case channelClosed(RabbitMQError, ServerMethod.CloseReason, channel: UInt16)
    case blocked(reason: String)
    case unblocked
}
