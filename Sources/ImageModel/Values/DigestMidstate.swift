/// A digest of bytes that are still arriving, as it stands between two blocks: what is needed to go on with it later,
/// perhaps in another process on another machine.
///
/// It is the chaining value that the algorithm's standard defines (RFC 1321, FIPS 180-4), written field by field, never
/// the memory of a library's context.
public struct DigestMidstate: Hashable, Sendable, Codable {
    /// The version of this form, 1.
    public let version: Int
    /// The algorithm.
    public let algorithm: DigestAlgorithm
    /// The words of the chaining value as numbers, in the standard's order: hexadecimal, each as long as a word is.
    public let words: String
    /// The bytes digested so far: whole blocks.
    public let byteCount: Int64

    /// The version that this program writes and the only one it reads.
    public static let currentVersion = 1

    /// A midstate from its parts.
    public init(algorithm: DigestAlgorithm, words: String, byteCount: Int64) {
        version = Self.currentVersion
        self.algorithm = algorithm
        self.words = words
        self.byteCount = byteCount
    }
}
