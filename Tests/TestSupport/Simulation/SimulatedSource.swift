import ImageModel
import ImageSource

/// The servers of a history: every URL has a body that never changes and a temper of its own.
struct SimulatedSource: ImageSource {
    let process: SimulatedProcess
    let bodies: Bodies
    let pool: ChunkPool

    func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result {
        try await process.depart()
        guard let served = bodies[request.url] else {
            throw SourceError(.sourceNotFound, "\(request.url) does not exist")
        }
        let weather = process.weather
        if weather.strikes(.sourceGone, weight: 0.1) { throw SourceError(.sourceNotFound, "not there for once") }
        if weather.strikes(.sourceAway, weight: 2) {
            let retryAfter: Duration? = weather.dice.chance(0.3) ? weather.dice.milliseconds(100...5_000) : nil
            throw SourceError(.sourceUnavailable, "away", isTransient: true, retryAfter: retryAfter)
        }
        let opened = SimulatedBody(served: served, request: request, source: self)
        return try await body(opened)
    }
}

/// What one URL serves.
struct ServedBody: Sendable {
    /// Where in the pattern it begins.
    let start: Int
    let count: Int
    /// Whether the length stands in the headers.
    let isLengthKnown: Bool
    let hasValidator: Bool
    let servesRanges: Bool
    /// How long the server takes for each chunk.
    let pace: Duration

    var bytes: ArraySlice<UInt8> { Bodies.pattern[start..<start + count] }
}

/// All bodies of a history.
struct Bodies: Sendable {
    private(set) var byURL: [String: ServedBody] = [:]

    subscript(url: String) -> ServedBody? {
        get { byURL[url] }
        set { byURL[url] = newValue }
    }

    /// Bytes that no two bodies cut alike.
    static let pattern: [UInt8] = {
        let dice = Dice(seed: 1, purpose: 99)
        return (0..<65_536).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
    }()
}

/// A body on its way.
// Unchecked: touched only by the one thread that runs its history.
private final class SimulatedBody: OpenedSource, @unchecked Sendable {
    private let served: ServedBody
    private let source: SimulatedSource
    let facts: SourceFacts
    let offset: Int64
    private var position: Int

    init(served: ServedBody, request: FetchRequest, source: SimulatedSource) {
        self.served = served
        self.source = source
        let etag = "\"\(served.start)\""
        facts = SourceFacts(
            url: request.url, size: served.isLengthKnown ? Int64(served.count) : nil,
            etag: served.hasValidator ? etag : nil)
        let resume = request.resume.flatMap {
            served.servesRanges && ($0.validator == etag || $0.isUnproven) ? $0 : nil
        }
        offset = resume?.offset ?? 0
        position = Int(offset)
    }

    func nextChunk() async throws -> ImageChunk? {
        try await source.process.depart()
        try Task.checkCancellation()
        let weather = source.process.weather
        if served.pace > .zero { try await source.process.clock.sleep(for: served.pace) }
        if weather.strikes(.sourceStalled, weight: 0.5) {
            try await source.process.clock.sleep(for: weather.dice.milliseconds(1_000...20_000))
            if weather.dice.chance(0.5) { throw SourceError(.sourceUnavailable, "stalled", isTransient: true) }
        }
        if weather.strikes(.sourceCut) { throw SourceError(.sourceTruncated, "cut", isTransient: true) }
        guard position < served.count else { return nil }
        guard var builder = source.pool.makeBuilder() else {
            throw SourceError(.internal, "chunks are not given back")
        }
        let rest = served.bytes.dropFirst(position)
        position += rest.withUnsafeBytes { builder.append($0) }
        return builder.finish()
    }
}
