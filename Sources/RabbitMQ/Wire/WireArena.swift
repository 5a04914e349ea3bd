import CRabbitMQ

/// Memory for C structs that borrow Swift values, freed when the arena goes.
///
/// A Swift string lent to C as `char *` dies with the call; everything handed to librabbitmq is copied here first.
/// librabbitmq writes to the socket before its send calls return, so one arena per call is enough. Keep the arena
/// alive with `withExtendedLifetime` around the call.
final class WireArena {
    private var allocations: [UnsafeMutableRawPointer] = []

    deinit {
        for allocation in allocations { allocation.deallocate() }
    }

    /// A copy of the text's UTF-8, not terminated.
    func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    /// A copy of the bytes.
    func bytes(_ bytes: [UInt8]) -> amqp_bytes_t {
        bytes.withUnsafeBytes { copy($0) }
    }

    /// A copy of the table, sorted by key so that equal tables are equal on the wire.
    func table(_ table: FieldTable) -> amqp_table_t {
        guard !table.isEmpty else { return amqp_empty_table }
        let entries = allocate(table.count, of: amqp_table_entry_t.self)
        for (index, (key, value)) in table.sorted(by: { $0.key < $1.key }).enumerated() {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(key), value: field(value)))
        }
        return amqp_table_t(num_entries: Int32(table.count), entries: entries)
    }

    private func field(_ value: FieldValue) -> amqp_field_value_t {
        var result = amqp_field_value_t()
        func set(_ kind: amqp_field_value_kind_t) { result.kind = UInt8(truncatingIfNeeded: kind.rawValue) }
        switch value {
        case .boolean(let value):
            set(AMQP_FIELD_KIND_BOOLEAN)
            result.value.boolean = value ? 1 : 0
        case .int8(let value):
            set(AMQP_FIELD_KIND_I8)
            result.value.i8 = value
        case .uint8(let value):
            set(AMQP_FIELD_KIND_U8)
            result.value.u8 = value
        case .int16(let value):
            set(AMQP_FIELD_KIND_I16)
            result.value.i16 = value
        case .uint16(let value):
            set(AMQP_FIELD_KIND_U16)
            result.value.u16 = value
        case .int32(let value):
            set(AMQP_FIELD_KIND_I32)
            result.value.i32 = value
        case .uint32(let value):
            set(AMQP_FIELD_KIND_U32)
            result.value.u32 = value
        case .int64(let value):
            set(AMQP_FIELD_KIND_I64)
            result.value.i64 = value
        case .float(let value):
            set(AMQP_FIELD_KIND_F32)
            result.value.f32 = value
        case .double(let value):
            set(AMQP_FIELD_KIND_F64)
            result.value.f64 = value
        case .decimal(let scale, let value):
            set(AMQP_FIELD_KIND_DECIMAL)
            result.value.decimal = amqp_decimal_t(decimals: scale, value: value)
        case .string(let value):
            set(AMQP_FIELD_KIND_UTF8)
            result.value.bytes = bytes(value)
        case .bytes(let value):
            set(AMQP_FIELD_KIND_BYTES)
            result.value.bytes = bytes(value)
        case .timestamp(let value):
            set(AMQP_FIELD_KIND_TIMESTAMP)
            result.value.u64 = value
        case .table(let value):
            set(AMQP_FIELD_KIND_TABLE)
            result.value.table = table(value)
        case .array(let values):
            set(AMQP_FIELD_KIND_ARRAY)
            result.value.array = array(values)
        case .void: set(AMQP_FIELD_KIND_VOID)
        }
        return result
    }

    private func array(_ values: [FieldValue]) -> amqp_array_t {
        guard !values.isEmpty else { return amqp_empty_array }
        let entries = allocate(values.count, of: amqp_field_value_t.self)
        for (index, value) in values.enumerated() {
            (entries + index).initialize(to: field(value))
        }
        return amqp_array_t(num_entries: Int32(values.count), entries: entries)
    }

    private func copy(_ source: UnsafeRawBufferPointer) -> amqp_bytes_t {
        guard !source.isEmpty else { return amqp_empty_bytes }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: source.count, alignment: 1)
        allocations.append(memory)
        UnsafeMutableRawBufferPointer(start: memory, count: source.count).copyMemory(from: source)
        return amqp_bytes_t(len: source.count, bytes: memory)
    }

    private func allocate<T>(_ count: Int, of type: T.Type) -> UnsafeMutablePointer<T> {
        let memory = UnsafeMutablePointer<T>.allocate(capacity: count)
        allocations.append(UnsafeMutableRawPointer(memory))
        return memory
    }
}
