public import ImageModel

/// What inspection found out about an image while its bytes went by.
public struct ImageReport: Sendable, Hashable {
    /// The container format that the bytes themselves show.
    public var format: ImageFormat
    /// The size of the disk a guest will see, in bytes; nil when the image does not tell.
    public var virtualSize: Int64?
    /// The number of bytes of the image.
    public var size: Int64

    /// A report from its parts.
    public init(format: ImageFormat, virtualSize: Int64?, size: Int64) {
        self.format = format
        self.virtualSize = virtualSize
        self.size = size
    }
}
