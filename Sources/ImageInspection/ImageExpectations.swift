public import ImageModel

/// What the bytes of an image are held to besides the rules of their format.
public struct ImageExpectations: Sendable, Hashable {
    /// The declared format; nil when any may come.
    public var format: ImageFormat?
    /// The declared format when only its vendor knows how it is laid out; nil otherwise.
    public var opaqueFormat: String?
    /// The largest disk the image may describe, in bytes.
    public var virtualSizeLimit: Int64?
    /// The size of the smallest disk that the image is said to fit on, in bytes.
    public var minimumDisk: Int64?
    /// Rules whose findings are warnings here; those that cannot be relaxed are ignored.
    public var relaxed: Set<SafetyRule>

    /// Expectations from their parts; none by default.
    public init(
        format: ImageFormat? = nil, opaqueFormat: String? = nil, virtualSizeLimit: Int64? = nil,
        minimumDisk: Int64? = nil, relaxed: Set<SafetyRule> = []
    ) {
        self.format = format
        self.opaqueFormat = opaqueFormat
        self.virtualSizeLimit = virtualSizeLimit
        self.minimumDisk = minimumDisk
        self.relaxed = relaxed
    }

    /// How much a finding of a rule counts under these expectations.
    func severity(of rule: SafetyRule) -> FindingSeverity {
        let entry = rule.entry
        return entry.isRelaxable && relaxed.contains(rule) ? .warning : entry.severity
    }
}
