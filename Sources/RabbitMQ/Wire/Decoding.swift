import CRabbitMQ

// Copies of what librabbitmq decoded. Its memory is gone after `amqp_maybe_release_buffers`.

extension String {
    /// The bytes as text; ill-formed UTF-8 is replaced.
    init(_ bytes: amqp_bytes_t) {
        self = String(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}

extension [UInt8] {
    init(_ bytes: amqp_bytes_t) {
        self = Array(UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len))
    }
}

extension FieldTable {
    /// Of two entries with one name the first counts.
    init(_ table: amqp_table_t, depth: Int = 0) {
        let entries = UnsafeBufferPointer(start: table.entries, count: Int(table.num_entries))
        self = Dictionary(
            entries.map { (String($0.key), FieldValue($0.value, depth: depth)) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

extension FieldValue {
    init(_ field: amqp_field_value_t, depth: Int) {
        let value = field.value
        switch amqp_field_value_kind_t(UInt32(field.kind)) {
        case AMQP_FIELD_KIND_BOOLEAN: self = .boolean(value.boolean != 0)
        case AMQP_FIELD_KIND_I8: self = .int8(value.i8)
        case AMQP_FIELD_KIND_U8: self = .uint8(value.u8)
        case AMQP_FIELD_KIND_I16: self = .int16(value.i16)
        case AMQP_FIELD_KIND_U16: self = .uint16(value.u16)
        case AMQP_FIELD_KIND_I32: self = .int32(value.i32)
        case AMQP_FIELD_KIND_U32: self = .uint32(value.u32)
        case AMQP_FIELD_KIND_I64: self = .int64(value.i64)
        case AMQP_FIELD_KIND_U64: self = Int64(exactly: value.u64).map(FieldValue.int64) ?? .timestamp(value.u64)
        case AMQP_FIELD_KIND_F32: self = .float(value.f32)
        case AMQP_FIELD_KIND_F64: self = .double(value.f64)
        case AMQP_FIELD_KIND_DECIMAL: self = .decimal(scale: value.decimal.decimals, value: value.decimal.value)
        case AMQP_FIELD_KIND_TIMESTAMP: self = .timestamp(value.u64)
        case AMQP_FIELD_KIND_BYTES: self = .bytes([UInt8](value.bytes))
        case AMQP_FIELD_KIND_UTF8:
            let bytes = [UInt8](value.bytes)
            self = String(validating: bytes, as: UTF8.self).map(FieldValue.string) ?? .bytes(bytes)
        case AMQP_FIELD_KIND_TABLE where depth < Self.depthLimit:
            self = .table(FieldTable(value.table, depth: depth + 1))
        case AMQP_FIELD_KIND_ARRAY where depth < Self.depthLimit:
            let entries = UnsafeBufferPointer(start: value.array.entries, count: Int(value.array.num_entries))
            self = .array(entries.map { FieldValue($0, depth: depth + 1) })
        default: self = .void
        }
    }
}

extension MessageProperties {
    init(_ wire: amqp_basic_properties_t) {
        self.init()
        func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? {
            wire._flags & amqp_flags_t(flag) == 0 ? nil : String(bytes)
        }
        func present(_ flag: Int32) -> Bool { wire._flags & amqp_flags_t(flag) != 0 }
        contentType = text(AMQP_BASIC_CONTENT_TYPE_FLAG, wire.content_type)
        contentEncoding = text(AMQP_BASIC_CONTENT_ENCODING_FLAG, wire.content_encoding)
        headers = present(AMQP_BASIC_HEADERS_FLAG) ? FieldTable(wire.headers) : nil
        deliveryMode = present(AMQP_BASIC_DELIVERY_MODE_FLAG) ? DeliveryMode(rawValue: wire.delivery_mode) : nil
        priority = present(AMQP_BASIC_PRIORITY_FLAG) ? wire.priority : nil
        correlationID = text(AMQP_BASIC_CORRELATION_ID_FLAG, wire.correlation_id)
        replyTo = text(AMQP_BASIC_REPLY_TO_FLAG, wire.reply_to)
        expiration = text(AMQP_BASIC_EXPIRATION_FLAG, wire.expiration)
        messageID = text(AMQP_BASIC_MESSAGE_ID_FLAG, wire.message_id)
        timestamp = present(AMQP_BASIC_TIMESTAMP_FLAG) ? wire.timestamp : nil
        type = text(AMQP_BASIC_TYPE_FLAG, wire.type)
        userID = text(AMQP_BASIC_USER_ID_FLAG, wire.user_id)
        appID = text(AMQP_BASIC_APP_ID_FLAG, wire.app_id)
    }

    /// The C form, borrowing from the arena.
    func wire(in arena: WireArena) -> amqp_basic_properties_t {
        var wire = amqp_basic_properties_t()
        func text(_ flag: Int32, _ value: String?) -> amqp_bytes_t {
            guard let value else { return amqp_empty_bytes }
            wire._flags |= amqp_flags_t(flag)
            return arena.bytes(value)
        }
        func flag<T>(_ flag: Int32, _ value: T?, or absent: T) -> T {
            if value != nil { wire._flags |= amqp_flags_t(flag) }
            return value ?? absent
        }
        wire.content_type = text(AMQP_BASIC_CONTENT_TYPE_FLAG, contentType)
        wire.content_encoding = text(AMQP_BASIC_CONTENT_ENCODING_FLAG, contentEncoding)
        wire.headers = flag(AMQP_BASIC_HEADERS_FLAG, headers.map { arena.table($0) }, or: amqp_empty_table)
        wire.delivery_mode = flag(AMQP_BASIC_DELIVERY_MODE_FLAG, deliveryMode?.rawValue, or: 0)
        wire.priority = flag(AMQP_BASIC_PRIORITY_FLAG, priority, or: 0)
        wire.correlation_id = text(AMQP_BASIC_CORRELATION_ID_FLAG, correlationID)
        wire.reply_to = text(AMQP_BASIC_REPLY_TO_FLAG, replyTo)
        wire.expiration = text(AMQP_BASIC_EXPIRATION_FLAG, expiration)
        wire.message_id = text(AMQP_BASIC_MESSAGE_ID_FLAG, messageID)
        wire.timestamp = flag(AMQP_BASIC_TIMESTAMP_FLAG, timestamp, or: 0)
        wire.type = text(AMQP_BASIC_TYPE_FLAG, type)
        wire.user_id = text(AMQP_BASIC_USER_ID_FLAG, userID)
        wire.app_id = text(AMQP_BASIC_APP_ID_FLAG, appID)
        return wire
    }
}
