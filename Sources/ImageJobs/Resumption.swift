import Catalog
import ImageModel
import ImageSource

/// Where an interrupted import goes on.
struct Resumption {
    /// The transfers to go on with, in the order of the plan's stores.
    let transfers: [Transfer]
    /// What all of them have durable.
    let checkpoint: TransferCheckpoint

    /// The first byte to fetch.
    var offset: Int64 { checkpoint.durableBytes }
    /// What the source said of the object whose first bytes are there.
    var source: SourceFacts { checkpoint.source }
    /// Whether only the digest of the whole can tell that the rest is of the same object.
    var isUnproven: Bool { source.strongValidator == nil }

    /// Makes sure that the source serves the rest of the same object.
    func verify(_ opened: any OpenedSource) throws(BeginAgain) {
        guard opened.offset == offset else {
            throw BeginAgain("the source has another object by now, or serves no ranges")
        }
        if let before = source.size, let now = opened.facts.size, before != now {
            throw BeginAgain("the object had \(before) bytes and has \(now) now")
        }
    }
}

/// Says that nothing of an earlier attempt can be used.
struct BeginAgain: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
