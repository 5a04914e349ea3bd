/// Something that inspection noticed in an image's bytes.
public struct Finding: Hashable, Sendable, Codable {
    /// What was noticed.
    public var rule: SafetyRule
    /// How much it counts.
    public var severity: FindingSeverity
    /// The byte of the image that shows it; nil when it is about the image as a whole.
    public var offset: Int64?
    /// One sentence with the values in it.
    public var message: String

    /// A finding from its parts.
    public init(rule: SafetyRule, severity: FindingSeverity, offset: Int64?, message: String) {
        self.rule = rule
        self.severity = severity
        self.offset = offset
        self.message = message
    }
}

/// How much a finding counts.
public enum FindingSeverity: String, Sendable, Codable, CaseIterable {
    /// The image is refused.
    case error
    /// The image may come in; somebody should know.
    case warning
    /// Nothing is wrong.
    case note
}
