public import ImageModel

/// Why a source gave no bytes, or no more of them.
///
/// Equality is on the code alone.
public struct SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One of the `source_*` codes, `size_limit` or `internal`.
    public let code: FailureCode
    /// One sentence with the values in it; never a query, a credential or a header's secret.
    public let message: String
    /// Whether the same request may succeed later.
    public let isTransient: Bool
    /// What the server asked for in `Retry-After`.
    public let retryAfter: Duration?

    /// An error from its parts.
    public init(_ code: FailureCode, _ message: String, isTransient: Bool = false, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
        self.retryAfter = retryAfter
    }

    /// The code and the sentence.
    public var description: String { "\(code.rawValue): \(message)" }

    /// Compares the codes.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
