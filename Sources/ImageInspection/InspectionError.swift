public import ImageModel

/// Why bytes could not be digested, or are not an image that may come in.
///
/// Equality is on the code alone.
public struct InspectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `format_unknown`, `image_unsafe` or `internal`. None of them goes away by trying again with the same bytes.
    public let code: FailureCode
    /// One sentence with the values in it.
    public let message: String

    /// An error from its parts.
    public init(_ code: FailureCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the sentence.
    public var description: String { "\(code.rawValue): \(message)" }

    /// Compares the codes.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
