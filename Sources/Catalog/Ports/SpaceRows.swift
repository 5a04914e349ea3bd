public import ImageModel

/// The questions about the space of stores.
public protocol SpaceReader {
    /// What is promised of a store: the sum of ``Transfer/unwrittenBytes`` over its open transfers, and all that
    /// ``SpaceRows/noteReleased(_:in:)`` was told.
    func promises(in store: StoreName) throws -> SpacePromises
}

/// The writes about the space of stores.
public protocol SpaceRows {
    /// Adds to the number of bytes that ceased to be promised.
    func noteReleased(_ bytes: Int64, in store: StoreName) throws
}
