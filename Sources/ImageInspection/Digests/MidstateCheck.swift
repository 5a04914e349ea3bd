public import ImageModel

/// Tells whether bytes are those that were digested when a midstate was written down.
///
/// They are digested again, by one algorithm, and the midstates compared: a bit that flipped in between shows. One
/// algorithm is enough, since all midstates of a checkpoint are of the same bytes.
///
/// Not `Sendable`: one task at a time.
public final class MidstateCheck {
    private let expected: DigestMidstate
    private let digest: RunningDigest

    /// A check against the first of `midstates` that can be compared here, the quickest algorithm first; nil when none
    /// can.
    public init?(against midstates: [DigestMidstate]) {
        let usable = midstates.filter(RunningDigest.canGoOn)
        let best = Self.quickestFirst.lazy.compactMap { algorithm in usable.first { $0.algorithm == algorithm } }.first
        guard let best, let digest = try? RunningDigest(best.algorithm) else { return nil }
        expected = best
        self.digest = digest
    }

    /// The algorithms whose midstates can be compared with the library that is loaded.
    public static var algorithms: Set<DigestAlgorithm> { KnownAnswers.reliable }

    /// Adds a chunk. Chunks come in order, from the first byte on.
    ///
    /// - Throws: ``InspectionError`` with `internal` when libcrypto fails.
    public func update(_ chunk: ImageChunk) throws(InspectionError) {
        try digest.update(chunk)
    }

    /// Whether the chunks so far are the bytes that the midstate stands for, all of them and no more.
    public var matches: Bool { digest.midstate == expected }

    /// Where the processor has instructions for SHA-256, nothing is quicker; where it has none, the disk decides.
    private static let quickestFirst: [DigestAlgorithm] = [.sha256, .sha1, .sha512, .sha384, .md5]
}
