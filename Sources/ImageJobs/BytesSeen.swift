import ImageInspection
import ImageModel
import ImageStore

/// What is known of the bytes that have gone by: their number, their digests so far, and what the inspector saw.
final class BytesSeen {
    private let digests: ImageDigests
    private let algorithms: Set<DigestAlgorithm>
    private let midstates: [DigestMidstate]
    private var inspector: ImageInspector
    /// The number of bytes.
    private(set) var count: Int64 = 0

    private init(
        _ digests: ImageDigests, by algorithms: Set<DigestAlgorithm>, from midstates: [DigestMidstate],
        expecting expectations: ImageExpectations
    ) {
        self.digests = digests
        self.algorithms = algorithms
        self.midstates = midstates
        inspector = ImageInspector(expectations: expectations)
    }

    /// Lends `body` the knowledge of no bytes; with `midstates`, ``lookAgain(at:_:)`` comes first.
    ///
    /// - Parameter mayResume: Whether another attempt may go on from the midstates. Then there is always one, for whoever
    ///   compares the staged bytes with it: of SHA-256 when none of `algorithms` has any.
    static func withBytesSeen<Result>(
        by algorithms: [DigestAlgorithm], from midstates: [DigestMidstate] = [], mayResume: Bool = false,
        expecting expectations: ImageExpectations,
        _ body: (BytesSeen) async throws -> Result
    ) async throws -> Result {
        let wanted = Set(algorithms)
        let comparable = MidstateCheck.algorithms
        let witness = mayResume && wanted.isDisjoint(with: comparable) ? comparable.intersection([.sha256]) : []
        return try await ImageDigests.withDigests(wanted.union(witness), from: midstates) { digests in
            try await body(BytesSeen(digests, by: wanted, from: midstates, expecting: expectations))
        }
    }

    /// Looks at the next chunk.
    func add(_ chunk: ImageChunk) async throws {
        try inspector.update(chunk)
        try await digests.update(chunk)
        count += Int64(chunk.count)
    }

    /// Whether the midstates tell if staged bytes are still those that were written.
    var canCompare: Bool { MidstateCheck(against: midstates) != nil }

    /// Looks at the bytes that an earlier attempt staged: at all of them when a digest has no midstate, or when the store
    /// does not vouch for them; otherwise only at those that a format's headers refer to.
    ///
    /// - Parameter note: Called with the number of bytes that were looked at, while that is all of them.
    /// - Returns: Whether they are the bytes that the midstates stand for, as far as these can tell.
    func lookAgain(at staged: any StagedImage, _ note: (Int64) async throws -> Void) async throws -> Bool {
        let end = staged.keptBytes
        defer { count = end }
        guard digests.hasFresh || !staged.guardsKeptBytes else {
            try await lookAtHeaders(of: staged)
            return true
        }
        return try await compare(staged) { chunk in
            try inspector.update(chunk)
            if digests.hasFresh { try await digests.catchUp(chunk) }
            try await note(inspector.position)
        }
    }

    /// Compares what another store has with the midstates, unless that store vouches for it.
    func compare(_ staged: any StagedImage) async throws -> Bool {
        if staged.guardsKeptBytes { return true }
        return try await compare(staged) { _ in }
    }

    private func lookAtHeaders(of staged: any StagedImage) async throws {
        let end = staged.keptBytes
        while inspector.position < end {
            try Task.checkCancellation()
            let needed = inspector.nextNeeded(before: end)
            inspector.skip(to: needed - needed % Int64(ChunkPool.alignment))
            guard let chunk = try await staged.keptChunk(at: inspector.position) else { break }
            try inspector.update(chunk)
        }
    }

    /// Reads all that is kept; the next chunk comes while one is looked at.
    private func compare(
        _ staged: any StagedImage, _ look: (ImageChunk) async throws -> Void
    ) async throws -> Bool {
        let check = MidstateCheck(against: midstates)
        var position: Int64 = 0
        var next = try await staged.keptChunk(at: 0)
        while let chunk = next {
            try Task.checkCancellation()
            position += Int64(chunk.count)
            let offset = position
            async let following = staged.keptChunk(at: offset)
            try await look(chunk)
            try check?.update(chunk)
            next = try await following
        }
        try Task.checkCancellation()
        return check?.matches ?? true
    }

    /// Asks for the midstates after these bytes.
    func mark() -> PendingMidstates {
        digests.mark()
    }

    /// The verdict on all bytes; comes last.
    func finish() async throws -> (report: ImageReport, digests: [Digest]) {
        let report = try inspector.finish()
        return (report, try await digests.finish().filter { algorithms.contains($0.algorithm) })
    }
}
