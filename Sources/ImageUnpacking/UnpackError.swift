public import ImageModel

/// Why nothing, or nothing more, comes out of a wrapper.
///
/// Equality is on the code alone.
public struct UnpackError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `decompression_failed`, `decompression_limit`, `image_unsafe` or `internal`.
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

/// What ends the work of an unpacking thread.
enum Halt: Error {
    /// The bytes are at fault, or too many.
    case refused(UnpackError)
    /// Nobody waits for the bytes any more.
    case abandoned

    static func system(_ message: String) -> Self { .refused(UnpackError(.internal, message)) }
    static func failed(_ message: String) -> Self { .refused(UnpackError(.decompressionFailed, message)) }
    static func limit(_ message: String) -> Self { .refused(UnpackError(.decompressionLimit, message)) }
    static func unsafe(_ message: String) -> Self { .refused(UnpackError(.imageUnsafe, message)) }
}
