public import ImageModel

/// Digests of one image under several algorithms, in one pass.
///
/// One algorithm is digested on the caller's task. Several run side by side, each on its own child task and each at
/// its own pace, a few chunks apart: the whole takes as long as the slowest, as far as there are cores.
public final class ImageDigests {
    private enum Lanes {
        case inline(RunningDigest)
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
        case .inline(let digest): try digest.update(chunk)
        case .parallel(let lanes):
            for lane in lanes { try await lane.offer(chunk) }
        }
    }

    /// The digests of everything, in the order of ``ImageModel/DigestAlgorithm``; comes last, once.
    ///
    /// - Throws: ``InspectionError`` with `internal` when libcrypto fails.
    public func finish() async throws(InspectionError) -> [Digest] {
        switch lanes {
        case .inline(let digest): return [try digest.finish()]
        case .parallel(let lanes):
            for lane in lanes { lane.close() }
            var digests: [Digest] = []
            for lane in lanes { digests.append(try await lane.digest()) }
            return digests
        }
    }

    /// Lends `body` the running digests of `algorithms`.
    ///
    /// All child tasks have ended when this returns or throws. Nothing is left behind when `body` throws.
    ///
    /// - Throws: ``InspectionError`` with `internal` when libcrypto lacks an algorithm; whatever `body` throws.
    public static func withDigests<Value>(
        _ algorithms: Set<DigestAlgorithm>, _ body: (ImageDigests) async throws -> Value
    ) async throws -> Value {
        let algorithms = algorithms.sorted()
        if algorithms.count == 1, let only = algorithms.first {
            return try await body(ImageDigests(.inline(RunningDigest(only))))
        }
        let lanes = algorithms.map(DigestLane.init)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in lanes {
                group.addTask { await lane.run() }
            }
            defer { for lane in lanes { lane.close() } }
            return try await body(ImageDigests(.parallel(lanes)))
        }
    }
}
