import CLibCrypto
import S3Signing

/// The digests that go with a body: MD5, which the service compares and makes ETags of, and SHA-256 for the signature.
struct PartDigests: Sendable, Hashable {
    let md5: [UInt8]
    /// Nil when the body is not signed.
    let sha256: [UInt8]?

    private static let step = 1 << 20

    /// Digests a small body at once.
    init(of body: CallBody?) {
        var digester = Digester(isSigned: true)
        if let body { digester.update(body.bytes) }
        self = digester.finish()
    }

    /// Digests a body in steps, between which others get the thread.
    init(of body: CallBody, isSigned: Bool) async {
        var digester = Digester(isSigned: isSigned)
        var offset = 0
        while offset < body.count {
            let end = min(body.count, offset + Self.step)
            digester.update(UnsafeRawBufferPointer(rebasing: body.bytes[offset..<end]))
            offset = end
            await Task.yield()
        }
        self = digester.finish()
    }

    private init(md5: [UInt8], sha256: [UInt8]?) {
        self.md5 = md5
        self.sha256 = sha256
    }

    /// As the field `x-amz-content-sha256` has it.
    var sha256Hex: String { sha256?.lowercaseHex ?? SigV4Signer.unsignedPayload }

    /// As the field `Content-MD5` has it (RFC 1864).
    var md5Base64: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: md5.count, by: 3) {
            let group = md5[start..<min(start + 3, md5.count)]
            let bits = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[Int(bits >> (18 - 6 * place) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The ETag that a service gives to an object made of parts with these MD5s: the MD5 of all of them, and their number.
    static func etag(ofParts parts: [[UInt8]]) -> String {
        var digester = Digester(isSigned: false)
        for part in parts { part.withUnsafeBytes { digester.update($0) } }
        return "\(digester.finish().md5.lowercaseHex)-\(parts.count)"
    }

    private struct Digester {
        private var md5 = block_digest()
        private var sha256 = block_digest()
        private let isSigned: Bool

        init(isSigned: Bool) {
            self.isSigned = isSigned
            _ = block_digest_begin(&md5, BLOCK_MD5)
            if isSigned { _ = block_digest_begin(&sha256, BLOCK_SHA256) }
        }

        mutating func update(_ bytes: UnsafeRawBufferPointer) {
            _ = block_digest_update(&md5, bytes.baseAddress, bytes.count)
            if isSigned { _ = block_digest_update(&sha256, bytes.baseAddress, bytes.count) }
        }

        mutating func finish() -> PartDigests {
            var short = [UInt8](repeating: 0, count: Int(MD5_DIGEST_LENGTH))
            _ = block_digest_finish(&md5, &short)
            guard isSigned else { return PartDigests(md5: short, sha256: nil) }
            var long = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
            _ = block_digest_finish(&sha256, &long)
            return PartDigests(md5: short, sha256: long)
        }
    }
}
