/// Reads JSON (RFC 8259) from bytes that nobody vouches for.
///
/// Refused besides what the RFC's grammar refuses: invalid UTF-8, a byte order mark, NUL in any spelling, lone
/// surrogates, a member that comes twice in an object, more bytes or more depth than ``Limits`` allow, numbers beyond
/// a double's range or of more than 1,024 bytes, and anything behind the value.
///
/// Time and memory grow linearly with the bytes; no input makes it trap.
public enum StrictJSONParser {
    /// How much is read at most.
    public struct Limits: Hashable, Sendable {
        /// Bytes.
        public var byteCount: Int
        /// Objects and arrays inside one another; the outermost counts as one.
        public var depth: Int

        /// Limits from their parts.
        public init(byteCount: Int, depth: Int) {
            self.byteCount = byteCount
            self.depth = depth
        }

        /// What a job message may be: 1 MiB, depth 16 (CONTRACT section 2).
        public static let jobMessage = Self(byteCount: 1 << 20, depth: 16)
        /// What is read of events: RabbitMQ 4's greatest message, 16 MiB.
        public static let event = Self(byteCount: 16 << 20, depth: 16)
    }

    /// The one value that `bytes` are.
    public static func parse(_ bytes: [UInt8], limits: Limits = .jobMessage) throws(JSONSyntaxError) -> JSONValue {
        guard bytes.count <= limits.byteCount else {
            throw JSONSyntaxError(
                reason: "The document has \(bytes.count) bytes, more than \(limits.byteCount)", path: JSONPointer(),
                offset: limits.byteCount, value: "")
        }
        var scanner = JSONScanner(bytes, depthLimit: limits.depth)
        return try scanner.document()
    }
}
