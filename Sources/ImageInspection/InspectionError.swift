public import ImageModel

/// Why bytes could not be digested, or are not an image that may come in.
///
/// Equality is on the code alone.
public struct InspectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The failure of the first rule that was broken, or `internal`. None goes away by trying again with the same bytes.
    public let code: FailureCode
    /// One sentence with the values in it.
    public let message: String
    /// What was noticed until then; at least one error, unless the code is `internal`.
    public let findings: [Finding]

    /// An error from its parts.
    public init(_ code: FailureCode, _ message: String, findings: [Finding] = []) {
        self.code = code
        self.message = message
        self.findings = findings
    }

    /// What refuses an image; nil when nothing among `findings` does.
    init?(refusing findings: [Finding]) {
        let errors = findings.filter { $0.severity == .error }
        guard let first = errors.first else { return nil }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        let place = first.offset.map { " at byte \($0)" } ?? ""
        self.init(
            first.rule.entry.failure, "\(first.rule.rawValue)\(place): \(first.message)\(more)", findings: findings)
    }

    /// The code and the sentence.
    public var description: String { "\(code.rawValue): \(message)" }

    /// Compares the codes.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
