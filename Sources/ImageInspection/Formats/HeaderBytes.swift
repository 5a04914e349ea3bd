import ImageModel

/// Bytes of a header with checked reads: what lies outside reads as nil, never as something else.
struct HeaderBytes: Sendable {
    let bytes: [UInt8]

    var count: Int { bytes.count }

    func starts(with magic: String, at offset: Int = 0) -> Bool {
        starts(with: Array(magic.utf8), at: offset)
    }

    func starts(with magic: [UInt8], at offset: Int = 0) -> Bool {
        slice(offset, magic.count).map { $0.elementsEqual(magic) } ?? false
    }

    func bigEndian<Value: FixedWidthInteger>(_: Value.Type, at offset: Int) -> Value? {
        slice(offset, Value.bitWidth / 8)?.reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    func littleEndian<Value: FixedWidthInteger>(_: Value.Type, at offset: Int) -> Value? {
        slice(offset, Value.bitWidth / 8)?.reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    func slice(_ offset: Int, _ length: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
        return bytes[offset..<(offset + length)]
    }
}

extension InspectionError {
    /// A header that begins like a format's and does not go on like it.
    static func malformed(_ format: String, _ detail: String) -> Self {
        Self(.formatUnknown, "begins like \(format), but \(detail)")
    }
}

/// A size in a header as a number of bytes; throws when no disk can be that large.
func diskSize(
    _ count: UInt64?, unit: UInt64 = 1, of format: String
) throws(InspectionError) -> Int64 {
    guard let count else { throw .malformed(format, "its header is cut off") }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow, let size = Int64(exactly: bytes) else {
        throw .malformed(format, "its virtual size of \(count) times \(unit) bytes is not possible")
    }
    return size
}
