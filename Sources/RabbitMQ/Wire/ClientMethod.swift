import CRabbitMQ

/// A method to send, in Swift values.
enum ClientMethod: Sendable, Hashable {
    case channelOpen
    case channelClose
    case channelCloseOK
    case channelFlowOK(active: Bool)
    case connectionClose
    case connectionCloseOK
    case qos(prefetch: UInt16)
    case consume(queue: String, consumerTag: String, exclusive: Bool)
    case cancel(consumerTag: String)
    case ack(tag: UInt64, multiple: Bool)
    case reject(tag: UInt64, requeue: Bool)
    case confirmSelect
    case exchangeDeclare(Topology.Exchange, passive: Bool)
    case exchangeDelete(name: String)
    case queueDeclare(QueueDeclaration)
    case queueBind(queue: String, exchange: String, routingKey: String, arguments: FieldTable)
    case queueUnbind(queue: String, exchange: String, routingKey: String, arguments: FieldTable)
    case queueDelete(name: String)
    case queuePurge(name: String)

    /// All that `queue.declare` can say.
    struct QueueDeclaration: Sendable, Hashable {
        var name: String
        var passive = false
        var durable = false
        var exclusive = false
        var autoDelete = false
        var arguments: FieldTable = [:]
    }

    /// Writes the method to the socket.
    ///
    /// - Returns: A librabbitmq status.
    func send(on channel: UInt16, of state: amqp_connection_state_t) -> Int32 {
        let arena = WireArena()
        let writer = MethodWriter(state: state, channel: channel)
        return withExtendedLifetime(arena) {
            switch self {
            case .channelOpen, .channelClose, .channelCloseOK, .channelFlowOK, .connectionClose, .connectionCloseOK:
                sendConnectionOrChannel(writer, arena)
            case .qos, .consume, .cancel, .ack, .reject, .confirmSelect:
                sendBasic(writer, arena)
            case .exchangeDeclare, .exchangeDelete, .queueDeclare, .queueBind, .queueUnbind, .queueDelete, .queuePurge:
                sendTopology(writer, arena)
            }
        }
    }

    private func sendConnectionOrChannel(_ writer: MethodWriter, _ arena: WireArena) -> Int32 {
        let success = UInt16(AMQP_REPLY_SUCCESS)
        let goodbye = arena.bytes("goodbye")
        return switch self {
        case .channelOpen: writer.write(AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t())
        case .channelClose:
            writer.write(
                AMQP_CHANNEL_CLOSE_METHOD,
                amqp_channel_close_t(reply_code: success, reply_text: goodbye, class_id: 0, method_id: 0)
            )
        case .channelCloseOK: writer.write(AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t())
        case .channelFlowOK(let active):
            writer.write(AMQP_CHANNEL_FLOW_OK_METHOD, amqp_channel_flow_ok_t(active: active ? 1 : 0))
        case .connectionClose:
            writer.write(
                AMQP_CONNECTION_CLOSE_METHOD,
                amqp_connection_close_t(reply_code: success, reply_text: goodbye, class_id: 0, method_id: 0)
            )
        case .connectionCloseOK: writer.write(AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t())
        default: AMQP_STATUS_INVALID_PARAMETER.rawValue
        }
    }

    private func sendBasic(_ writer: MethodWriter, _ arena: WireArena) -> Int32 {
        switch self {
        case .qos(let prefetch):
            return writer.write(
                AMQP_BASIC_QOS_METHOD, amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetch, global: 0)
            )
        case .consume(let queue, let tag, let exclusive):
            var consume = amqp_basic_consume_t()
            consume.queue = arena.bytes(queue)
            consume.consumer_tag = arena.bytes(tag)
            consume.exclusive = exclusive ? 1 : 0
            return writer.write(AMQP_BASIC_CONSUME_METHOD, consume)
        case .cancel(let tag):
            return writer.write(
                AMQP_BASIC_CANCEL_METHOD, amqp_basic_cancel_t(consumer_tag: arena.bytes(tag), nowait: 0)
            )
        case .ack(let tag, let multiple):
            return writer.write(
                AMQP_BASIC_ACK_METHOD, amqp_basic_ack_t(delivery_tag: tag, multiple: multiple ? 1 : 0)
            )
        case .reject(let tag, let requeue):
            return writer.write(
                AMQP_BASIC_REJECT_METHOD, amqp_basic_reject_t(delivery_tag: tag, requeue: requeue ? 1 : 0)
            )
        case .confirmSelect:
            return writer.write(AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(nowait: 0))
        default:
            return AMQP_STATUS_INVALID_PARAMETER.rawValue
        }
    }

    private func sendTopology(_ writer: MethodWriter, _ arena: WireArena) -> Int32 {
        switch self {
        case .exchangeDeclare(let exchange, let passive):
            var declare = amqp_exchange_declare_t()
            declare.exchange = arena.bytes(exchange.name)
            declare.type = arena.bytes(exchange.kind.rawValue)
            declare.passive = passive ? 1 : 0
            declare.durable = exchange.durable ? 1 : 0
            declare.arguments = arena.table(exchange.arguments)
            return writer.write(AMQP_EXCHANGE_DECLARE_METHOD, declare)
        case .exchangeDelete(let name):
            var delete = amqp_exchange_delete_t()
            delete.exchange = arena.bytes(name)
            return writer.write(AMQP_EXCHANGE_DELETE_METHOD, delete)
        case .queueDeclare(let queue):
            var declare = amqp_queue_declare_t()
            declare.queue = arena.bytes(queue.name)
            declare.passive = queue.passive ? 1 : 0
            declare.durable = queue.durable ? 1 : 0
            declare.exclusive = queue.exclusive ? 1 : 0
            declare.auto_delete = queue.autoDelete ? 1 : 0
            declare.arguments = arena.table(queue.arguments)
            return writer.write(AMQP_QUEUE_DECLARE_METHOD, declare)
        case .queueBind(let queue, let exchange, let routingKey, let arguments):
            var bind = amqp_queue_bind_t()
            bind.queue = arena.bytes(queue)
            bind.exchange = arena.bytes(exchange)
            bind.routing_key = arena.bytes(routingKey)
            bind.arguments = arena.table(arguments)
            return writer.write(AMQP_QUEUE_BIND_METHOD, bind)
        case .queueUnbind(let queue, let exchange, let routingKey, let arguments):
            var unbind = amqp_queue_unbind_t()
            unbind.queue = arena.bytes(queue)
            unbind.exchange = arena.bytes(exchange)
            unbind.routing_key = arena.bytes(routingKey)
            unbind.arguments = arena.table(arguments)
            return writer.write(AMQP_QUEUE_UNBIND_METHOD, unbind)
        case .queueDelete(let name):
            var delete = amqp_queue_delete_t()
            delete.queue = arena.bytes(name)
            return writer.write(AMQP_QUEUE_DELETE_METHOD, delete)
        case .queuePurge(let name):
            var purge = amqp_queue_purge_t()
            purge.queue = arena.bytes(name)
            return writer.write(AMQP_QUEUE_PURGE_METHOD, purge)
        default:
            return AMQP_STATUS_INVALID_PARAMETER.rawValue
        }
    }
}

/// Hands one C struct to `amqp_send_method`.
private struct MethodWriter {
    let state: amqp_connection_state_t
    let channel: UInt16

    func write<T>(_ id: amqp_method_number_t, _ fields: T) -> Int32 {
        var fields = fields
        return withUnsafeMutablePointer(to: &fields) { amqp_send_method(state, channel, id, $0) }
    }
}
