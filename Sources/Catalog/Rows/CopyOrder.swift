public import ImageModel

/// What a copy is to bring where.
public struct CopyOrder: Hashable, Sendable {
    /// The image to read, active, with its replicas as they are now.
    public var source: Image
    /// The store to write to.
    public var store: StoreName

    /// An order from its parts.
    public init(source: Image, store: StoreName) {
        self.source = source
        self.store = store
    }
}
