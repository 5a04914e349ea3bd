import Catalog
import ImageModel
import ImageSource

/// Where an interrupted import goes on.
struct Resumption {
    /// The stores to go on in, with their transfers, in the order of the plan's stores.
    let places: [Destination]
    /// What all of them have durable.
    let checkpoint: TransferCheckpoint

    /// The first byte to fetch.
    var offset: Int64 { checkpoint.durableBytes }
    /// The states of the digests after those bytes.
    var midstates: [DigestMidstate] { checkpoint.midstates.filter { $0.byteCount == offset } }
    /// What the source said of the object whose first bytes are there.
    var source: SourceFacts { checkpoint.source }
    /// Whether only the digest of the whole can tell that the rest is of the same object.
    var isUnproven: Bool { source.strongValidator == nil }
}
