import ImageModel
import ImageSource

/// The servers of a history: hosts that are away for a while, and URLs whose bodies change and have tempers of their own.
struct SimulatedSource: ImageSource {
    let process: SimulatedProcess
    let bodies: Bodies
    let pool: ChunkPool
    /// Whether the rest of a body is fetched without a look at what body it is the rest of.
    let forgetsValidators: Bool

    func withSource<Result: Sendable>(
        _ request: FetchRequest, _ body: (any OpenedSource) async throws -> Result
    ) async throws -> Result {
        try await process.depart()
        let weather = process.weather
        if !weather.isClear, bodies.isHostAway(of: request.url, at: process.clock.now) {
            weather.count(.hostAway)
            throw SourceError(.sourceUnavailable, "the host is away", isTransient: true)
        }
        guard let object = bodies[request.url] else {
            throw SourceError(.sourceNotFound, "\(request.url) does not exist")
        }
        if weather.strikes(.sourceGone, weight: 0.1) { throw SourceError(.sourceNotFound, "not there for once") }
        if weather.strikes(.sourceAway, weight: 2) {
            let retryAfter: Duration? = weather.dice.chance(0.3) ? weather.dice.milliseconds(100...5_000) : nil
            throw SourceError(.sourceUnavailable, "away", isTransient: true, retryAfter: retryAfter)
        }
        let served = object.version(at: process.clock.now)
        if served.start != object.versions.first?.start { weather.count(.sourceChanged) }
        return try await body(SimulatedBody(served: served, of: object, request: request, source: self))
    }
}

/// A body on its way.
// Unchecked: touched only by the one thread that runs its history.
private final class SimulatedBody: OpenedSource, @unchecked Sendable {
    private let served: ServedBody
    private let object: ServedObject
    private let source: SimulatedSource
    let facts: SourceFacts
    let offset: Int64
    private var position: Int

    init(served: ServedBody, of object: ServedObject, request: FetchRequest, source: SimulatedSource) {
        self.served = served
        self.object = object
        self.source = source
        let asked = request.resume?.validator
        let validator = source.forgetsValidators ? asked ?? object.validator(of: served) : object.validator(of: served)
        facts = SourceFacts(
            url: request.url, size: object.isLengthKnown ? Int64(served.count) : nil, etag: validator)
        let resume = request.resume.flatMap {
            object.servesRanges && ($0.validator == validator || $0.isUnproven) && $0.offset <= served.count ? $0 : nil
        }
        offset = resume?.offset ?? 0
        position = Int(offset)
    }

    func nextChunk() async throws -> ImageChunk? {
        try await source.process.depart()
        try Task.checkCancellation()
        let weather = source.process.weather
        if object.pace > .zero { try await source.process.clock.sleep(for: object.pace) }
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
