import CLibCrypto
import ImageModel

/// A digest that can be interrupted between two blocks, by libcrypto's low-level contexts: its envelope interface shows
/// no chaining value.
///
/// Not `Sendable`: one task at a time.
final class BlockDigest {
    private let form: MidstateForm
    private let context = UnsafeMutablePointer<block_digest>.allocate(capacity: 1)
    private var byteCount: Int64 = 0

    /// Begins a digest of no bytes; nil when the algorithm has no low-level context.
    init?(_ algorithm: DigestAlgorithm) {
        guard let form = MidstateForm(algorithm) else { return nil }
        self.form = form
        context.initialize(to: block_digest())
        guard block_digest_begin(context, form.kind) == 1 else { return nil }
    }

    /// Goes on where a digest was interrupted; nil when the midstate is not one of this form.
    convenience init?(_ midstate: DigestMidstate) {
        self.init(midstate.algorithm)
        guard let words = form.words(of: midstate) else { return nil }
        byteCount = midstate.byteCount
        block_digest_set_words(context, words, UInt64(midstate.byteCount))
    }

    deinit {
        context.deallocate()
    }

    /// Adds bytes; false when libcrypto fails.
    func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        byteCount += Int64(bytes.count)
        return block_digest_update(context, bytes.baseAddress, bytes.count) == 1
    }

    /// The digest as it stands; nil in the middle of a block.
    var midstate: DigestMidstate? {
        guard byteCount % MidstateForm.blockLength == 0 else { return nil }
        var words = [UInt64](repeating: 0, count: 8)
        block_digest_get_words(context, &words)
        return form.midstate(of: words, byteCount: byteCount)
    }

    /// The digest of everything; comes last.
    func finish() -> Digest? {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        guard block_digest_finish(context, &bytes) == 1 else { return nil }
        return Digest(form.algorithm, bytes: bytes.prefix(form.algorithm.byteLength))
    }
}
