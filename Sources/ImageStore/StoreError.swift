public import ImageModel

/// Why a store did not do what it was asked to.
///
/// Equality is on the code alone.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `store_unavailable`, `capacity_exceeded`, `policy_denied` or `internal`.
    public let code: FailureCode
    /// One sentence with the store's name and the values in it.
    public let message: String
    /// Whether the same call may succeed later.
    public let isTransient: Bool
    /// Whether another process holds the transfer: it lives, and its bytes must be left alone.
    public let isHeldElsewhere: Bool

    /// An error from its parts.
    public init(_ code: FailureCode, _ message: String, isTransient: Bool, isHeldElsewhere: Bool = false) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
        self.isHeldElsewhere = isHeldElsewhere
    }

    /// The code and the sentence.
    public var description: String { "\(code.rawValue): \(message)" }

    /// Compares the codes.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
