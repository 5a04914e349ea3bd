import ImageModel
import ImageSource
import Logging

/// One fetch of an object over as many connections as it takes.
///
/// The process lives, so all that is known of the bytes lives too: a cut connection costs neither an attempt nor, but for
/// a started chunk, a byte. Whether the rest is of the same object is told by `If-Range` and by what the next answer
/// says of the object; without a validator only by the digest that the job expects.
struct ContinuedFetch {
    /// What to fetch.
    let request: FetchRequest
    /// What is known of the object when the fetch goes on from a checkpoint.
    let known: SourceFacts?
    /// Whether to go on without a validator.
    let mayBeUnproven: Bool
    let environment: JobEnvironment
    let job: JobID

    /// Lends the bytes to `body` as those of one source.
    ///
    /// - Throws: ``SourceError`` when no try is left; ``BeginAgain`` when the rest cannot be had, or is another object's;
    ///   whatever `body` throws.
    func withSource<Result: Sendable>(_ body: (ContinuedSource) async throws -> Result) async throws -> Result {
        let handOver = ChunkHandOver()
        let seams = Seams()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await fetch(into: handOver, seams)
                    handOver.end(.success(()))
                } catch {
                    handOver.end(.failure(error))
                }
            }
            let result = try await body(ContinuedSource(try await handOver.opening(), handOver, seams))
            group.cancelAll()
            return result
        }
    }

    private func fetch(into handOver: ChunkHandOver, _ seams: Seams) async throws {
        var place = Place(position: request.resume?.offset ?? 0)
        var tries = ReconnectTries(backoff: environment.backoff)
        while true {
            let start = place.position
            do {
                return try await environment.source.withSource(next(place)) { opened in
                    try await hand(opened, over: handOver, &place, seams)
                }
            } catch let error as SourceError {
                guard place.facts != nil else { throw error }
                guard error.code != .sourceChanged else { throw BeginAgain(error, at: place.position) }
                let delay = try tries.delay(
                    after: error, hasProgressed: place.position > start, random: environment.random)
                guard mayGoOn(place) else { throw BeginAgain(error, at: place.position) }
                environment.logger.notice(
                    "A fetch was cut and will go on",
                    metadata: [
                        "job-id": "\(job)", "bytes": "\(place.position)", "delay": "\(delay)", "error": "\(error)",
                    ])
                try await environment.time.sleep(for: delay)
            }
        }
    }

    /// Where a fetch is.
    private struct Place {
        /// The next byte to hand over.
        var position: Int64
        /// What the first answer said; nil before it.
        var facts: SourceFacts?
        /// When the fetch as a whole is over, on the source's clock.
        var deadline: Duration?
    }

    /// Nothing can be mixed before the first byte.
    private func mayGoOn(_ place: Place) -> Bool {
        place.position == 0 || place.facts?.strongValidator != nil || mayBeUnproven
    }

    private func next(_ place: Place) -> FetchRequest {
        guard let facts = place.facts else { return request }
        var next = request
        let validator = facts.strongValidator
        next.resume = ResumePoint(
            offset: place.position, validator: validator, isUnproven: validator == nil && mayBeUnproven,
            deadline: place.deadline)
        return next
    }

    /// Passes on what one answer brings.
    private func hand(
        _ opened: any OpenedSource, over handOver: ChunkHandOver, _ place: inout Place, _ seams: Seams
    ) async throws {
        var surplus: Int64 = 0
        if let facts = place.facts {
            surplus = try join(opened, to: facts, at: place.position)
            if place.position > 0 { seams.add(facts.strongValidator == nil ? .unproven : .proven) }
        } else {
            let facts = try begin(with: opened)
            place = Place(position: opened.offset, facts: facts, deadline: opened.deadline)
            if opened.offset > 0 { seams.add(facts.strongValidator == nil ? .unproven : .proven) }
            try await handOver.open(ChunkHandOver.Opening(facts: facts, offset: opened.offset))
        }
        while let chunk = try await opened.nextChunk() {
            if surplus > 0 {
                surplus -= Int64(chunk.count)
                guard surplus >= 0 else {
                    // Chunks cannot be cut, and what follows would stand between pages.
                    throw BeginAgain(.changed(opened.facts, "its chunks do not fit"), at: place.position)
                }
                continue
            }
            try await handOver.put(chunk)
            place.position += Int64(chunk.count)
        }
        if surplus > 0 { throw BeginAgain(.changed(opened.facts, "it is shorter now"), at: place.position) }
    }

    /// What is known of the object after the first answer.
    private func begin(with opened: any OpenedSource) throws(BeginAgain) -> SourceFacts {
        guard let known, let resume = request.resume else { return opened.facts }
        guard opened.offset == resume.offset else {
            throw BeginAgain("the source has another object by now, or serves no ranges")
        }
        if let contradiction = known.contradiction(to: opened.facts) { throw BeginAgain(contradiction) }
        var facts = known
        facts.size = known.size ?? opened.facts.size
        // Its validators are not taken over: they say nothing of the bytes that are there already.
        return facts
    }

    /// Makes sure that an answer goes on with the same object; returns how many of its bytes were handed over already.
    private func join(
        _ opened: any OpenedSource, to facts: SourceFacts, at position: Int64
    ) throws(BeginAgain) -> Int64 {
        func changed(_ what: String) -> BeginAgain {
            BeginAgain(.changed(facts, what), at: position)
        }
        if let contradiction = facts.contradiction(to: opened.facts) { throw changed(contradiction) }
        if opened.offset == position, position > 0 { return 0 }
        // The whole object again: either nothing was read before, or the server ignores ranges. The answer to a range
        // need not repeat the validators (RFC 9110, section 15.3.7), that to a whole object has no reason not to.
        guard opened.offset == 0, opened.facts.etag == facts.etag,
            facts.strongTag != nil || opened.facts.lastModified == facts.lastModified
        else { throw changed("it is served with other validators, or as another range") }
        return position
    }
}

extension SourceFacts {
    /// Why another answer cannot be about the same object; nil when it can. What it leaves out contradicts nothing.
    fileprivate func contradiction(to other: SourceFacts) -> String? {
        if let size, let now = other.size, size != now { return "it had \(size) bytes and has \(now) now" }
        if let etag, let now = other.etag, etag != now { return "it has another entity tag now" }
        // Servers that share a tag need not have written their copies at the same time.
        let isTagged = other.etag.map { $0 == etag && !$0.hasPrefix("W/") } ?? false
        if !isTagged, let lastModified, let now = other.lastModified, lastModified != now { return "it was modified" }
        return nil
    }
}

extension SourceError {
    fileprivate static func changed(_ facts: SourceFacts, _ what: String) -> SourceError {
        SourceError(.sourceChanged, "\(facts.url) changed while it was read: \(what)", isTransient: true)
    }
}
