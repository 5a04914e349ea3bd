import CRabbitMQ

/// A frame from the broker, copied out of librabbitmq's memory.
enum InboundFrame: Sendable {
    case method(ServerMethod, channel: UInt16)
    case header(ContentHeader, channel: UInt16)
    case body([UInt8], channel: UInt16)
    /// librabbitmq hands heartbeats out when it has queued them; they carry nothing.
    case heartbeat
    case unknown(type: UInt8)

    struct ContentHeader: Sendable, Hashable {
        let bodySize: UInt64
        let properties: MessageProperties
    }

    init(_ frame: amqp_frame_t) {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            self = .method(ServerMethod(frame.payload.method), channel: frame.channel)
        case AMQP_FRAME_HEADER:
            let header = frame.payload.properties
            guard Int32(header.class_id) == AMQP_BASIC_CLASS, let decoded = header.decoded else {
                self = .unknown(type: frame.frame_type)
                return
            }
            let wire = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee
            self = .header(
                ContentHeader(bodySize: header.body_size, properties: MessageProperties(wire)),
                channel: frame.channel
            )
        case AMQP_FRAME_BODY:
            self = .body([UInt8](frame.payload.body_fragment), channel: frame.channel)
        case AMQP_FRAME_HEARTBEAT:
            self = .heartbeat
        default:
            self = .unknown(type: frame.frame_type)
        }
    }
}
