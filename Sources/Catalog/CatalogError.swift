/// Why the catalog did not do what it was asked to.
///
/// Equality is on the code alone.
public struct CatalogError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, as a stable value to branch on.
    public enum Code: String, Sendable {
        /// The database cannot be reached, is locked for too long, or has no room; the same call may succeed later.
        case unavailable
        /// The job belongs to somebody else by now: its fence has moved on. Stop at once and write nothing more.
        case fenced
        /// Somebody asked for the end of the job, and was told that it will end: make nothing of it, and end it as cancelled.
        case cancelRequested
        /// The database is there but cannot be used: another schema, a network file system, a damaged file.
        case unusable
        /// Who may only look finds no catalog yet, or one of an older version: a worker has to start first.
        case notReady
        /// A row holds what no version of this program wrote.
        case corrupt
        /// The owner of the image may not have so many bytes.
        case quotaExceeded
        /// The state machine forbids the step; a defect of the caller.
        case forbidden
        /// A store has not the space a transfer asked for; the same call may succeed when others are done.
        case noSpace
    }

    /// What went wrong.
    public let code: Code
    /// One sentence with the values in it.
    public let message: String

    /// An error from its parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What somebody who may only look finds instead of a catalog of this version.
    ///
    /// - Parameter schema: What is there; 0 for nothing.
    package init(schema: Int, needed: Int) {
        self.init(
            .notReady,
            schema == 0
                ? "there is no catalog yet; the first worker makes it"
                : "schema \(schema), this version needs \(needed); a worker migrates it at its start")
    }

    /// The code and the sentence.
    public var description: String { "catalog \(code.rawValue): \(message)" }

    /// Compares the codes.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
