/// What nobody may exceed, across all workers of a catalog; nil is no limit.
///
/// Everything is counted in the transaction that lets something begin, so two workers never exceed a limit together.
/// Jobs and images without an owner count as those of one owner.
public struct CatalogLimits: Sendable, Hashable {
    /// Images of one owner (`limits.owner.images`).
    public var ownerImages: Int?
    /// Stored bytes of one owner (`limits.owner.bytes`).
    public var ownerBytes: Int64?
    /// Jobs of one owner that run at once, of all kinds together (`limits.owner.running`).
    public var ownerRunning: Int?
    /// Imports from one host that run at once (`limits.source_host.running`).
    public var sourceHostRunning: Int?

    /// Limits from their parts; by default none.
    public init(
        ownerImages: Int? = nil, ownerBytes: Int64? = nil, ownerRunning: Int? = nil, sourceHostRunning: Int? = nil
    ) {
        self.ownerImages = ownerImages
        self.ownerBytes = ownerBytes
        self.ownerRunning = ownerRunning
        self.sourceHostRunning = sourceHostRunning
    }
}
