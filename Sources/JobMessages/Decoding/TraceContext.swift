/// The asker's trace, as W3C Trace Context spells it (version 00 and later ones that keep its first four fields).
struct TraceContext: Hashable, Sendable {
    let traceparent: String
    let tracestate: String?

    /// Nil when `traceparent` breaks the grammar, so that no event carries what a tracer would choke on.
    init?(traceparent: String?, tracestate: String?) {
        guard let traceparent, Self.isValid(traceparent) else { return nil }
        self.traceparent = traceparent
        self.tracestate = tracestate.flatMap { state in
            let isPrintable = state.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            return isPrintable && (1...512).contains(state.utf8.count) ? state : nil
        }
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, neither id all zeros.
    private static func isValid(_ text: String) -> Bool {
        let fields = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard fields.map(\.count) == [2, 32, 16, 2], String(fields[0]) != "ff" else { return false }
        let areHex = fields.allSatisfy { field in
            field.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        let isNamed = fields[1...2].allSatisfy { field in field.contains { $0 != UInt8(ascii: "0") } }
        return areHex && isNamed
    }
}
