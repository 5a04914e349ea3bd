public import ImageModel

/// What inspection found out about an image while its bytes went by.
public struct ImageReport: Sendable, Hashable {
    /// The container format that the bytes themselves show.
    public var format: ImageFormat
    /// The size of the disk a guest will see, in bytes; nil when ``findings`` says why it is not known.
    public var virtualSize: Int64?
    /// The number of bytes of the image.
    public var size: Int64
    /// What is worth knowing and no reason to refuse the image.
    public var findings: [Finding]

    /// A report from its parts.
    public init(format: ImageFormat, virtualSize: Int64?, size: Int64, findings: [Finding] = []) {
        self.format = format
        self.virtualSize = virtualSize
        self.size = size
        self.findings = findings
    }

    /// Something noticed in an image.
    public enum Finding: Sendable, Hashable {
        /// The virtual size stands where a single pass could not read it; the text says where.
        case virtualSizeUnreadable(String)
    }
}
