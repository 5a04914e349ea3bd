public import ImageModel

/// What counts against an owner's quota.
public struct OwnerUsage: Hashable, Sendable {
    /// Images that are there or about to be.
    public var images: Int
    /// Bytes of images in all their stores.
    public var bytes: Int64
    /// Bytes that unfinished jobs of the owner have reserved.
    public var reservedBytes: Int64

    /// Usage from its parts; by default none.
    public init(images: Int = 0, bytes: Int64 = 0, reservedBytes: Int64 = 0) {
        self.images = images
        self.bytes = bytes
        self.reservedBytes = reservedBytes
    }
}

extension Image {
    /// Whether the image counts as one of its owner's: from its acceptance until it is deleted, failed or cancelled.
    public var countsForQuota: Bool {
        switch status {
        case .queued, .importing, .active, .pendingDelete, .deleting: true
        case .failed, .cancelled, .deleted: false
        }
    }

    /// The bytes that the image counts for: its content, once for each store that has it.
    public var quotaBytes: Int64 {
        guard countsForQuota, let content else { return 0 }
        let copies = Int64(replicas.count { $0.state != .pending })
        let (bytes, isTooMany) = content.size.multipliedReportingOverflow(by: copies)
        return isTooMany ? .max : bytes
    }
}
