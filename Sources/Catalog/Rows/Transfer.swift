public import ImageModel

/// One attempt to move an image's bytes into one store, recorded before its first byte.
public struct Transfer: Hashable, Sendable, Codable {
    /// The key; also the store's staging key.
    public var id: TransferID
    /// The job it belongs to.
    public var job: JobID
    /// The image it makes.
    public var image: ImageID
    /// The store it writes to.
    public var store: StoreName
    /// How far it got.
    public var state: TransferState
    /// What the bytes were found to be; set before the store commits, so that a successor can finish the job.
    public var result: TransferResult?
    /// How far its bytes are durable; nil before the first checkpoint.
    public var checkpoint: TransferCheckpoint?
    /// Bytes of the store that are promised to it, from its first byte on; 0 where nothing needs to be promised.
    public var reservedBytes: Int64 = 0
    /// How many of these are known to lie in the store, so that they count no longer as promised.
    public var writtenBytes: Int64 = 0
    /// When it was recorded.
    public var createdAt: Timestamp

    /// A transfer that has not begun to write.
    public init(id: TransferID, job: JobID, image: ImageID, store: StoreName, createdAt: Timestamp) {
        self.id = id
        self.job = job
        self.image = image
        self.store = store
        state = .staging
        self.createdAt = createdAt
    }

    /// Whether it holds scratch space of a conversion: no replica comes of it, and no quota counts it.
    public var isScratch: Bool { store.isScratch }

    /// The promised bytes that are still to be written, as far as the catalog knows.
    public var unwrittenBytes: Int64 { max(0, reservedBytes - writtenBytes) }
}

/// How far a transfer got.
public enum TransferState: String, Sendable, Codable, CaseIterable {
    /// Bytes may lie in the staging area.
    case staging
    /// All bytes are durable and verified; the store may have committed them.
    case committing
    /// The object belongs to the image.
    case committed
    /// The bytes are given up and may still lie in the staging area.
    case abandoned
    /// Nothing of it is left.
    case discarded
}

/// What a transfer's bytes were found to be.
public struct TransferResult: Hashable, Sendable, Codable {
    /// What is stored.
    public var content: ImageContent
    /// What was served.
    public var source: SourceFacts
    /// The operating system as the descriptor of an OVA tells it; stands where the producer said nothing.
    public var os: OperatingSystem?

    /// A result from its parts.
    public init(content: ImageContent, source: SourceFacts, os: OperatingSystem? = nil) {
        self.content = content
        self.source = source
        self.os = os
    }
}
