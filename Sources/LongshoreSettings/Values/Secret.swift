/// A password, token or key. Neither printing nor dumping shows it.
public struct Secret: Sendable, Hashable {
    /// The secret itself, for the one place that sends it.
    public let revealed: String

    /// Wraps a secret.
    public init(_ revealed: String) {
        self.revealed = revealed
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<secret>`, always.
    public var description: String { "<secret>" }
    /// `<secret>`, always.
    public var debugDescription: String { description }
    /// A mirror without children, so that `dump` and crash reporters see nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
