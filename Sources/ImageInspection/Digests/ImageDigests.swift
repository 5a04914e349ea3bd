public import ImageModel

/// Digests of one image under several algorithms, in one pass.
///
/// One algorithm is digested on the caller's task. Several run side by side, each on its own child task and each at
/// its own pace, a few chunks apart: the whole takes as long as the slowest, as far as there are cores.
public final class ImageDigests {
    private enum Lanes {
        case inline(RunningDigest, isFresh: Bool)
        case parallel([DigestLane])
    }

    private let lanes: Lanes

    private init(_ lanes: Lanes) {
        self.lanes = lanes
    }

    /// Adds a chunk to every digest. Chunks come in order, one call at a time.
    ///
    /// Returns when the chunk is digested or queued, so that the caller can write it meanwhile.
    ///
    /// - Throws: ``InspectionError`` with `internal` when libcrypto fails, perhaps on an earlier chunk.
    public func update(_ chunk: ImageChunk) async throws(InspectionError) {
        switch lanes {
        case .inline(let digest, _): try digest.update(chunk)
        case .parallel(let lanes):
            for lane in lanes { try await lane.offer(chunk) }
        }
    }

    /// Asks for the midstates after all chunks so far; does not wait for them.
    public func mark() -> PendingMidstates {
        switch lanes {
        case .inline(let digest, _):
            let midstate = PendingMidstate()
            midstate.fulfil(digest.midstate)
            return PendingMidstates(midstates: [midstate])
        case .parallel(let lanes): return PendingMidstates(midstates: lanes.map { $0.mark() })
        }
    }

    /// Whether a digest began with no bytes although others went on from a midstate, or none did.
    public var hasFresh: Bool {
        switch lanes {
        case .inline(_, let isFresh): isFresh
        case .parallel(let lanes): lanes.contains(where: \.isFresh)
        }
    }

    /// Adds a chunk of those bytes that the midstates stand for to the digests that had no midstate.
    ///
    /// - Throws: As ``update(_:)`` does.
    public func catchUp(_ chunk: ImageChunk) async throws(InspectionError) {
        switch lanes {
        case .inline(let digest, let isFresh):
            if isFresh { try digest.update(chunk) }
        case .parallel(let lanes):
            for lane in lanes where lane.isFresh { try await lane.offer(chunk) }
        }
    }

    /// The digests of everything, in the order of ``ImageModel/DigestAlgorithm``; comes last, once.
    ///
    /// - Throws: ``InspectionError`` with `internal` when libcrypto fails.
    public func finish() async throws(InspectionError) -> [Digest] {
        switch lanes {
        case .inline(let digest, _): return [try digest.finish()]
        case .parallel(let lanes):
            for lane in lanes { lane.close() }
            var digests: [Digest] = []
            for lane in lanes { digests.append(try await lane.digest()) }
            return digests
        }
    }

    /// Lends `body` the running digests of `algorithms`.
    ///
    /// Digests go on from those `midstates` that can be used; to the others the bytes before must be shown again with
    /// ``catchUp(_:)``.
    ///
    /// All child tasks have ended when this returns or throws. Nothing is left behind when `body` throws.
    ///
    /// - Throws: ``InspectionError`` with `internal` when libcrypto lacks an algorithm; whatever `body` throws.
    public static func withDigests<Value>(
        _ algorithms: Set<DigestAlgorithm>, from midstates: [DigestMidstate] = [],
        _ body: (ImageDigests) async throws -> Value
    ) async throws -> Value {
        let algorithms = algorithms.sorted()
        let usable = midstates.filter(RunningDigest.canGoOn)
        func beginning(_ algorithm: DigestAlgorithm) -> DigestMidstate? {
            usable.first { $0.algorithm == algorithm }
        }
        if algorithms.count == 1, let only = algorithms.first {
            let midstate = beginning(only)
            let digest = try RunningDigest(only, from: midstate)
            return try await body(ImageDigests(.inline(digest, isFresh: midstate == nil)))
        }
        let lanes = algorithms.map { DigestLane($0, from: beginning($0)) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in lanes {
                group.addTask { await lane.run() }
            }
            defer { for lane in lanes { lane.close() } }
            return try await body(ImageDigests(.parallel(lanes)))
        }
    }
}
