/// Everything that is wrong with a configuration, at once.
///
/// Its description has one line per problem and never shows a secret.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One thing that is wrong.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// The key as the reader wrote it: `lease.renew` from the file, `LONGSHORE_LEASE_RENEW` from the environment.
        public let key: String
        /// One sentence that says what is wrong, with the value (unless it is secret) and what is allowed.
        public let message: String

        /// A problem with a key.
        public init(key: String, message: String) {
            self.key = key
            self.message = message
        }

        /// The key and the sentence.
        public var description: String { "\(key): \(message)" }
    }

    /// What is wrong, in the order of the documentation's table; never empty.
    public let problems: [Problem]

    /// An error of these problems.
    public init(problems: [Problem]) {
        self.problems = problems
    }

    /// One line per problem.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
