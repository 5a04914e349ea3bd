import CLibCrypto
import ImageModel

/// Tries out whether interrupted digests come out right with the library that is loaded, whose contexts may be laid out
/// in another way than in the headers this was built with.
enum KnownAnswers {
    /// The algorithms whose midstates can be relied upon.
    static let reliable: Set<DigestAlgorithm> = reliable { BlockDigest($0) }

    /// The algorithms for which the contexts that `begin` makes show the initial value of the standard, and for which an
    /// interrupted digest equals the one that libcrypto's envelope interface makes at once.
    static func reliable(_ begin: (DigestAlgorithm) -> BlockDigest?) -> Set<DigestAlgorithm> {
        Set(DigestAlgorithm.allCases.filter { isReliable($0, begin) })
    }

    private static func isReliable(_ algorithm: DigestAlgorithm, _ begin: (DigestAlgorithm) -> BlockDigest?) -> Bool {
        let bytes = (0..<1_023).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
        guard let expected = RunningDigest.digestAtOnce(algorithm, bytes), let first = begin(algorithm),
            first.midstate?.words.hasPrefix(firstWord(of: algorithm)) == true,
            bytes[..<512].withUnsafeBytes({ first.update($0) }), let midstate = first.midstate,
            let second = BlockDigest(midstate), bytes[512...].withUnsafeBytes({ second.update($0) })
        else { return false }
        return second.finish() == expected
    }

    /// The first word of the initial value (RFC 1321, section 3.3; FIPS 180-4, section 5.3).
    private static func firstWord(of algorithm: DigestAlgorithm) -> String {
        switch algorithm {
        case .md5, .sha1: "67452301"
        case .sha256: "6a09e667"
        case .sha384: "cbbb9d5dc1059ed8"
        case .sha512: "6a09e667f3bcc908"
        case .blake2b512: "none"
        }
    }
}
