import ImageModel
import ImageSource
import TestSupport

/// A body that was fetched to its end, compared with what it should be on the way.
struct Fetched: Sendable {
    var facts: SourceFacts
    var offset: Int64
    var count: Int64
    var isRight: Bool
}

extension FetchPolicy {
    /// A policy that lets through what stands on loopback for this test, and waits no longer than tests do.
    static func loopback(_ rules: String..., change: (inout Self) -> Void = { _ in }) -> Self {
        var policy = Self()
        policy.allowPrivate = rules.compactMap(HostRule.init)
        policy.timeouts.header = .seconds(120)
        policy.timeouts.stall = .seconds(120)
        policy.timeouts.total = .seconds(300)
        policy.chunkSize = 64 << 10
        change(&policy)
        return policy
    }
}

extension HTTPImageSource {
    /// Fetches to the end and compares with `pattern`.
    func fetch(
        _ url: String, expecting pattern: PatternBytes? = nil, resume: ResumePoint? = nil, limit: Int64 = 1 << 40
    ) async throws -> Fetched {
        let request = FetchRequest(url: url, sizeLimit: limit, resume: resume)
        return try await withSource(request) { source in
            var fetched = Fetched(facts: source.facts, offset: source.offset, count: 0, isRight: true)
            while let chunk = try await source.nextChunk() {
                let place = source.offset + fetched.count
                if let pattern, !chunk.withBytes({ pattern.matches($0, at: place) }) { fetched.isRight = false }
                fetched.count += Int64(chunk.count)
            }
            return fetched
        }
    }

    /// The error a fetch ends with; nil when it ends well.
    func failure(_ url: String, resume: ResumePoint? = nil, limit: Int64 = 1 << 40) async throws -> SourceError? {
        do {
            _ = try await fetch(url, resume: resume, limit: limit)
            return nil
        } catch let error as SourceError {
            return error
        }
    }
}

/// A source that may fetch from `origin`.
func source(for origin: Origin, change: (inout FetchPolicy) -> Void = { _ in }) throws -> HTTPImageSource {
    try HTTPImageSource(policy: .loopback(origin.rule, change: change))
}
