import ImageModel
import ImageSource
import Synchronization

/// A source whose connections may be cut: it hands out one unbroken run of bytes, whatever number of answers they came
/// in.
///
/// Made by ``ContinuedFetch``. Whoever reads from it, be it the byte pass or an unpacker in between, sees the cuts only
/// when the fetch is given up.
final class ContinuedSource: OpenedSource {
    let facts: SourceFacts
    let offset: Int64
    private let handOver: ChunkHandOver
    private let seams: Seams

    init(_ opening: ChunkHandOver.Opening, _ handOver: ChunkHandOver, _ seams: Seams) {
        facts = opening.facts
        offset = opening.offset
        self.handOver = handOver
        self.seams = seams
    }

    /// What held the answers together so far.
    var seam: Seam { max(seams.worst, offset > 0 ? .proven : .none) }

    func nextChunk() async throws -> ImageChunk? {
        try await handOver.next()
    }
}

/// What vouches for bytes that came in several answers to be those of one object.
enum Seam: Int, Comparable, Sendable {
    /// They came in one answer.
    case none
    /// A validator of the source does.
    case proven
    /// Nothing but an expected digest of the whole.
    case unproven

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The seams of one fetch.
final class Seams: Sendable {
    private let state = Mutex(Seam.none)

    /// The one that proves least.
    var worst: Seam { state.withLock { $0 } }

    func add(_ seam: Seam) {
        state.withLock { $0 = max($0, seam) }
    }
}
