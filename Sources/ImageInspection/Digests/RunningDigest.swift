import CLibCrypto
import ImageModel

/// A digest of bytes that are still arriving, by libcrypto: by its low-level contexts where they can be relied upon,
/// because these can be interrupted; by its envelope interface otherwise (EVP_DigestInit(3)).
///
/// Not `Sendable`: one task at a time.
final class RunningDigest {
    private enum Engine {
        case blocks(BlockDigest)
        case envelope(EnvelopeDigest)
    }

    private let algorithm: DigestAlgorithm
    private let engine: Engine

    /// Begins a digest of no bytes, or goes on with an interrupted one for which ``canGoOn(from:)`` holds.
    ///
    /// - Throws: `internal` when this libcrypto does not offer the algorithm, as in FIPS mode.
    init(_ algorithm: DigestAlgorithm, from midstate: DigestMidstate? = nil) throws(InspectionError) {
        self.algorithm = algorithm
        // What FIPS mode forbids is not done by a way around it: every reliable algorithm has a fetched method.
        if KnownAnswers.reliable.contains(algorithm),
            let blocks = midstate.map(BlockDigest.init) ?? BlockDigest(algorithm)
        {
            engine = .blocks(blocks)
        } else if midstate == nil {
            engine = .envelope(try EnvelopeDigest(algorithm))
        } else {
            throw InspectionError(.internal, "a midstate of \(algorithm.rawValue) cannot be used")
        }
    }

    /// Whether an interrupted digest can be gone on with here.
    static func canGoOn(from midstate: DigestMidstate) -> Bool {
        KnownAnswers.reliable.contains(midstate.algorithm) && BlockDigest(midstate) != nil
    }

    /// The digest of `bytes` by the envelope interface; nil when libcrypto does not offer the algorithm.
    static func digestAtOnce(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) -> Digest? {
        guard let digest = try? EnvelopeDigest(algorithm), bytes.withUnsafeBytes({ digest.update($0) }) else {
            return nil
        }
        return digest.finish()
    }

    func update(_ chunk: ImageChunk) throws(InspectionError) {
        let isDone = chunk.withBytes { bytes in
            switch engine {
            case .blocks(let digest): digest.update(bytes)
            case .envelope(let digest): digest.update(bytes)
            }
        }
        guard isDone else { throw failure("update") }
    }

    /// The digest as it stands; nil in the middle of a block, and for algorithms that cannot be interrupted.
    var midstate: DigestMidstate? {
        if case .blocks(let digest) = engine { digest.midstate } else { nil }
    }

    /// The digest of everything so far; comes last.
    func finish() throws(InspectionError) -> Digest {
        let digest: Digest? =
            switch engine {
            case .blocks(let digest): digest.finish()
            case .envelope(let digest): digest.finish()
            }
        guard let digest else { throw failure("finish") }
        return digest
    }

    private func failure(_ step: String) -> InspectionError {
        InspectionError(.internal, "libcrypto could not \(step) \(algorithm.rawValue)")
    }
}
