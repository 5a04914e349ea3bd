/// Where and why bytes are not JSON of the strict kind.
///
/// - Note: No part of it shows the inside of a string, which may be a secret.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, as a clause without a full stop.
    public let reason: String
    /// The innermost value that was being read.
    public let path: JSONPointer
    /// The offset of the offending byte.
    public let offset: Int
    /// The offending token, shortened; empty when there is none to show.
    public let value: String

    /// One sentence with place and reason.
    public var description: String {
        let place = path.tokens.isEmpty ? "" : " in \(path)"
        return "\(reason) at byte \(offset)\(place)."
    }
}
