/// What a request must show to be answered (RFC 6750).
public struct BearerToken: Sendable {
    private let bytes: [UInt8]

    /// A token; an empty one is shown by nobody.
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Whether an `Authorization` header shows this token.
    ///
    /// How long the answer takes tells nothing of the token but what the header's own length does.
    func isShown(by header: String?) -> Bool {
        let parts = (header ?? "").split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bearer", !bytes.isEmpty else { return false }
        let shown = Array(parts[1].utf8)
        var difference = shown.count ^ bytes.count
        for index in shown.indices { difference |= Int(shown[index] ^ bytes[index % bytes.count]) }
        return difference == 0
    }
}

extension BearerToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<token>`, always.
    public var description: String { "<token>" }
    /// `<token>`, always.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
