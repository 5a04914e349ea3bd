import CRabbitMQ

/// A method the broker sent, copied out of librabbitmq's memory.
enum ServerMethod: Sendable, Hashable {
    case deliver(DeliverMethod)
    case returned(ReturnMethod)
    case confirm(tag: UInt64, multiple: Bool, positive: Bool)
    case consumerCancelled(consumerTag: String)
    case channelClose(CloseReason)
    case connectionClose(CloseReason)
    case blocked(reason: String)
    case unblocked
    case flow(active: Bool)
    case reply(Reply)
    /// A method no client expects.
    case other(id: UInt32)

    struct DeliverMethod: Sendable, Hashable {
        let consumerTag: String
        let deliveryTag: UInt64
        let redelivered: Bool
        let exchange: String
        let routingKey: String
    }

    struct ReturnMethod: Sendable, Hashable {
        let code: UInt16
        let text: String
        let exchange: String
        let routingKey: String
    }

    struct CloseReason: Sendable, Hashable {
        let code: UInt16
        let text: String
        let classID: UInt16
        let methodID: UInt16
    }

    /// An answer to a request of ours.
    enum Reply: Sendable, Hashable {
        case channelOpened
        case channelClosed
        case connectionClosed
        case qosSet
        case consuming(consumerTag: String)
        case cancelled
        case confirmsSelected
        case queueDeclared(name: String, messages: UInt32, consumers: UInt32)
        case queueBound
        case queueUnbound
        case queueDeleted(messages: UInt32)
        case queuePurged(messages: UInt32)
        case exchangeDeclared
        case exchangeDeleted
    }
}

extension ServerMethod {
    init(_ method: amqp_method_t) {
        guard let decoded = method.decoded else {
            self = .other(id: method.id)
            return
        }
        func fields<T>(_ type: T.Type) -> T { decoded.assumingMemoryBound(to: type).pointee }
        switch method.id {
        case AMQP_BASIC_DELIVER_METHOD: self = .deliver(DeliverMethod(fields(amqp_basic_deliver_t.self)))
        case AMQP_BASIC_RETURN_METHOD: self = .returned(ReturnMethod(fields(amqp_basic_return_t.self)))
        case AMQP_BASIC_ACK_METHOD:
            let ack = fields(amqp_basic_ack_t.self)
            self = .confirm(tag: ack.delivery_tag, multiple: ack.multiple != 0, positive: true)
        case AMQP_BASIC_NACK_METHOD:
            let nack = fields(amqp_basic_nack_t.self)
            self = .confirm(tag: nack.delivery_tag, multiple: nack.multiple != 0, positive: false)
        case AMQP_BASIC_CANCEL_METHOD:
            self = .consumerCancelled(consumerTag: String(fields(amqp_basic_cancel_t.self).consumer_tag))
        case AMQP_CHANNEL_CLOSE_METHOD: self = .channelClose(CloseReason(fields(amqp_channel_close_t.self)))
        case AMQP_CONNECTION_CLOSE_METHOD: self = .connectionClose(CloseReason(fields(amqp_connection_close_t.self)))
        case AMQP_CONNECTION_BLOCKED_METHOD:
            self = .blocked(reason: String(fields(amqp_connection_blocked_t.self).reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: self = .unblocked
        case AMQP_CHANNEL_FLOW_METHOD: self = .flow(active: fields(amqp_channel_flow_t.self).active != 0)
        default: self = Reply(method).map(ServerMethod.reply) ?? .other(id: method.id)
        }
    }
}

extension ServerMethod.Reply {
    fileprivate init?(_ method: amqp_method_t) {
        guard let decoded = method.decoded else { return nil }
        func fields<T>(_ type: T.Type) -> T { decoded.assumingMemoryBound(to: type).pointee }
        switch method.id {
        case AMQP_CHANNEL_OPEN_OK_METHOD: self = .channelOpened
        case AMQP_CHANNEL_CLOSE_OK_METHOD: self = .channelClosed
        case AMQP_CONNECTION_CLOSE_OK_METHOD: self = .connectionClosed
        case AMQP_BASIC_QOS_OK_METHOD: self = .qosSet
        case AMQP_BASIC_CONSUME_OK_METHOD:
            self = .consuming(consumerTag: String(fields(amqp_basic_consume_ok_t.self).consumer_tag))
        case AMQP_BASIC_CANCEL_OK_METHOD: self = .cancelled
        case AMQP_CONFIRM_SELECT_OK_METHOD: self = .confirmsSelected
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            let queue = fields(amqp_queue_declare_ok_t.self)
            self = .queueDeclared(
                name: String(queue.queue), messages: queue.message_count, consumers: queue.consumer_count
            )
        case AMQP_QUEUE_BIND_OK_METHOD: self = .queueBound
        case AMQP_QUEUE_UNBIND_OK_METHOD: self = .queueUnbound
        case AMQP_QUEUE_DELETE_OK_METHOD:
            self = .queueDeleted(messages: fields(amqp_queue_delete_ok_t.self).message_count)
        case AMQP_QUEUE_PURGE_OK_METHOD:
            self = .queuePurged(messages: fields(amqp_queue_purge_ok_t.self).message_count)
        case AMQP_EXCHANGE_DECLARE_OK_METHOD: self = .exchangeDeclared
        case AMQP_EXCHANGE_DELETE_OK_METHOD: self = .exchangeDeleted
        default: return nil
        }
    }
}

extension ServerMethod.DeliverMethod {
    fileprivate init(_ wire: amqp_basic_deliver_t) {
        consumerTag = String(wire.consumer_tag)
        deliveryTag = wire.delivery_tag
        redelivered = wire.redelivered != 0
        exchange = String(wire.exchange)
        routingKey = String(wire.routing_key)
    }
}

extension ServerMethod.ReturnMethod {
    fileprivate init(_ wire: amqp_basic_return_t) {
        code = wire.reply_code
        text = String(wire.reply_text)
        exchange = String(wire.exchange)
        routingKey = String(wire.routing_key)
    }
}

extension ServerMethod.CloseReason {
    init(_ wire: amqp_channel_close_t) {
        self.init(
            code: wire.reply_code, text: String(wire.reply_text), classID: wire.class_id, methodID: wire.method_id
        )
    }

    init(_ wire: amqp_connection_close_t) {
        self.init(
            code: wire.reply_code, text: String(wire.reply_text), classID: wire.class_id, methodID: wire.method_id
        )
    }
}
