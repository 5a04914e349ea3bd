import ImageInspection
import ImageModel
import ImageStore

/// What is known of the bytes that have gone by: their number, their digests so far, and what the inspector saw.
final class BytesSeen {
    private let digests: ImageDigests
    private var inspector: ImageInspector
    /// The number of bytes.
    private(set) var count: Int64 = 0

    private init(digests: ImageDigests, expectations: ImageExpectations) {
        self.digests = digests
        inspector = ImageInspector(expectations: expectations)
    }

    /// Lends `body` the knowledge of no bytes; with `midstates`, ``lookAgain(at:)`` comes first.
    static func withBytesSeen<Result>(
        by algorithms: [DigestAlgorithm], from midstates: [DigestMidstate] = [],
        expecting expectations: ImageExpectations,
        _ body: (BytesSeen) async throws -> Result
    ) async throws -> Result {
        try await ImageDigests.withDigests(Set(algorithms), from: midstates) { digests in
            try await body(BytesSeen(digests: digests, expectations: expectations))
        }
    }

    /// Looks at the next chunk.
    func add(_ chunk: ImageChunk) async throws {
        try inspector.update(chunk)
        try await digests.update(chunk)
        count += Int64(chunk.count)
    }

    /// Looks at the bytes that an earlier attempt staged: at all of them when a digest has no midstate, otherwise only
    /// at those that a format's headers refer to.
    func lookAgain(at staged: any StagedImage) async throws {
        let end = staged.keptBytes
        while inspector.position < end {
            try Task.checkCancellation()
            if !digests.hasFresh {
                let needed = inspector.nextNeeded(before: end)
                inspector.skip(to: needed - needed % Int64(ChunkPool.alignment))
            }
            guard let chunk = try await staged.keptChunk(at: inspector.position) else { break }
            try inspector.update(chunk)
            if digests.hasFresh { try await digests.catchUp(chunk) }
        }
        count = end
    }

    /// Asks for the midstates after these bytes.
    func mark() -> PendingMidstates {
        digests.mark()
    }

    /// The verdict on all bytes; comes last.
    func finish() async throws -> (report: ImageReport, digests: [Digest]) {
        (try inspector.finish(), try await digests.finish())
    }
}
