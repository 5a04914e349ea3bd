public import ImageModel

/// How far a transfer's bytes are durable, and all that a successor needs to go on from there.
///
/// Written only after the bytes it speaks of were made durable, so what it says is true after any crash.
public struct TransferCheckpoint: Hashable, Sendable, Codable {
    /// The version of this form. What carries another one is of no use and the transfer begins again.
    public let version: Int
    /// Bytes that are durable; the source is asked for the rest.
    public var durableBytes: Int64
    /// The digests as they stood after exactly these bytes. Those that are missing are made again from the bytes.
    public var midstates: [DigestMidstate]
    /// What the source said of the object: its validator proves that the rest is of the same one.
    public var source: SourceFacts
    /// The fence under which it was written, which tells what an attempt achieved.
    public internal(set) var fence: Int64

    /// The version that this program writes and the only one it reads.
    public static let currentVersion = 1

    /// A checkpoint from its parts; the catalog adds the fence.
    public init(durableBytes: Int64, midstates: [DigestMidstate] = [], source: SourceFacts) {
        version = Self.currentVersion
        self.durableBytes = durableBytes
        self.midstates = midstates
        self.source = source
        fence = 0
    }
}
