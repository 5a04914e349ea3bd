import CLibCrypto
import ImageModel

/// How an algorithm's chaining value is written down.
struct MidstateForm {
    let algorithm: DigestAlgorithm
    let kind: block_digest_kind
    /// Words of the chaining value.
    let wordCount: Int
    /// Hexadecimal digits of a word.
    let digits: Int

    /// The longest block of all algorithms, in bytes: a multiple of it is whole blocks of each.
    static let blockLength: Int64 = 128

    /// Nil for algorithms that libcrypto has no low-level context for.
    init?(_ algorithm: DigestAlgorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .md5: (kind, wordCount, digits) = (BLOCK_MD5, 4, 8)
        case .sha1: (kind, wordCount, digits) = (BLOCK_SHA1, 5, 8)
        case .sha256: (kind, wordCount, digits) = (BLOCK_SHA256, 8, 8)
        case .sha384: (kind, wordCount, digits) = (BLOCK_SHA384, 8, 16)
        case .sha512: (kind, wordCount, digits) = (BLOCK_SHA512, 8, 16)
        case .blake2b512: return nil
        }
    }

    func midstate(of words: [UInt64], byteCount: Int64) -> DigestMidstate {
        let text = words.prefix(wordCount).map { word in
            let hex = String(word, radix: 16)
            return String(repeating: "0", count: max(0, digits - hex.count)) + hex
        }
        return DigestMidstate(algorithm: algorithm, words: text.joined(), byteCount: byteCount)
    }

    /// The chaining value, filled up to eight words; nil when it is not of this form.
    func words(of midstate: DigestMidstate) -> [UInt64]? {
        let text = Array(midstate.words.utf8)
        guard midstate.version == DigestMidstate.currentVersion, midstate.algorithm == algorithm,
            midstate.byteCount >= 0, midstate.byteCount % Self.blockLength == 0, text.count == wordCount * digits
        else { return nil }
        var words = [UInt64](repeating: 0, count: 8)
        for index in 0..<wordCount {
            let word = String(decoding: text[(index * digits)..<((index + 1) * digits)], as: UTF8.self)
            guard let value = UInt64(word, radix: 16), !word.hasPrefix("+") else { return nil }
            words[index] = value
        }
        return words
    }
}
