/// Bytes of a header with checked reads: what lies outside is damage, never something else.
struct HeaderBytes: Sendable {
    let bytes: [UInt8]
    /// Where in the image they begin.
    let start: Int64

    var count: Int { bytes.count }

    /// Whether they begin, at `offset` from their start, with a magic number.
    func starts(with magic: some Collection<UInt8>, at offset: Int = 0) -> Bool {
        guard offset >= 0, offset <= bytes.count else { return false }
        return bytes[offset...].starts(with: magic)
    }

    func starts(with magic: String, at offset: Int = 0) -> Bool {
        starts(with: magic.utf8, at: offset)
    }

    func bigEndian<Value: FixedWidthInteger>(_: Value.Type = Value.self, at offset: Int) throws(Halt) -> Value {
        try slice(offset, Value.bitWidth / 8).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    func littleEndian<Value: FixedWidthInteger>(_: Value.Type = Value.self, at offset: Int) throws(Halt) -> Value {
        try slice(offset, Value.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    /// `length` bytes from `offset` on.
    func slice(_ offset: Int, _ length: Int) throws(Halt) -> ArraySlice<UInt8> {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else {
            throw .damaged(at: start + Int64(bytes.count), "the image ends in its header")
        }
        return bytes[offset..<(offset + length)]
    }

    /// A byte of the image, for findings.
    func place(_ offset: Int) -> Int64 { start + Int64(offset) }
}

extension Sequence<UInt8> {
    var isZero: Bool { allSatisfy { $0 == 0 } }
}
