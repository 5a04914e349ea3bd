import CLibCrypto
import Catalog
import ImageModel

/// Seals the secrets of jobs with AES-256-GCM under a key made of `catalog.secret_key`.
///
/// A sealed text is a mark, a random nonce of 96 bits (NIST SP 800-38D, section 8.2.2), the ciphertext and a tag of 128
/// bits, in hexadecimal. The job's id is authenticated with it, so that one job's secret cannot be laid under another.
struct SecretCipher: SecretSealing {
    private static let mark = sealedSecretMark + "1:"
    private static let nonceLength = 12
    private static let tagLength = 16

    private let key: [UInt8]

    /// A cipher under a key that is derived from `secret`: HMAC-SHA-256 of a label.
    init(_ secret: String) {
        let label = Array("longshore catalog secrets, version 1".utf8)
        let bytes = Array(secret.utf8)
        var key = [UInt8](repeating: 0, count: 32)
        HMAC(EVP_sha256(), bytes, Int32(bytes.count), label, label.count, &key, nil)
        self.key = key
    }

    func seal(_ secret: String, of job: JobID) throws(CatalogError) -> String {
        var nonce = [UInt8](repeating: 0, count: Self.nonceLength)
        guard RAND_bytes(&nonce, Int32(nonce.count)) == 1, let context = EVP_CIPHER_CTX_new() else {
            throw CatalogError(.unavailable, "there is no randomness to seal a secret with")
        }
        defer { EVP_CIPHER_CTX_free(context) }
        let plain = Array(secret.utf8)
        let bound = Array(job.rawValue.utf8)
        var cipher = [UInt8](repeating: 0, count: plain.count + 16)
        var tag = [UInt8](repeating: 0, count: Self.tagLength)
        var length: Int32 = 0
        var rest: Int32 = 0
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(context, nil, &rest, bound, Int32(bound.count)) == 1,
            EVP_EncryptUpdate(context, &cipher, &length, plain, Int32(plain.count)) == 1,
            EVP_EncryptFinal_ex(context, &tag, &rest) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1
        else { throw CatalogError(.unavailable, "a secret could not be sealed") }
        return Self.mark + (nonce + cipher.prefix(Int(length)) + tag).lowercaseHex
    }

    func open(_ sealed: String, of job: JobID) throws(CatalogError) -> String {
        // Stored before there was a key.
        guard sealed.hasPrefix(sealedSecretMark) else { return sealed }
        guard let plain = decipher(sealed, of: job) else {
            throw CatalogError(.unusable, "the secret of job \(job) cannot be opened with this catalog.secret_key")
        }
        return plain
    }

    private func decipher(_ sealed: String, of job: JobID) -> String? {
        guard sealed.hasPrefix(Self.mark), let bytes = Self.bytes(hex: sealed.dropFirst(Self.mark.count)),
            bytes.count >= Self.nonceLength + Self.tagLength, let context = EVP_CIPHER_CTX_new()
        else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let nonce = Array(bytes.prefix(Self.nonceLength))
        let cipher = Array(bytes.dropFirst(Self.nonceLength).dropLast(Self.tagLength))
        var tag = Array(bytes.suffix(Self.tagLength))
        let bound = Array(job.rawValue.utf8)
        var plain = [UInt8](repeating: 0, count: cipher.count + 16)
        var length: Int32 = 0
        var rest: Int32 = 0
        var end = [UInt8](repeating: 0, count: 16)
        guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_DecryptUpdate(context, nil, &rest, bound, Int32(bound.count)) == 1,
            EVP_DecryptUpdate(context, &plain, &length, cipher, Int32(cipher.count)) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1,
            EVP_DecryptFinal_ex(context, &end, &rest) == 1
        else { return nil }
        return String(validating: plain.prefix(Int(length)), as: UTF8.self)
    }

    private static func bytes(hex: Substring) -> [UInt8]? {
        guard hex.utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        var rest = hex
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
