import CLibCrypto
import ImageModel

/// A digest by libcrypto's envelope interface (EVP_DigestInit(3)), which has every algorithm and shows no midstate.
///
/// Not `Sendable`: one task at a time.
final class EnvelopeDigest {
    private let algorithm: DigestAlgorithm
    private let context: OpaquePointer

    /// Begins a digest of no bytes.
    ///
    /// - Throws: `internal` when this libcrypto does not offer the algorithm, as in FIPS mode.
    init(_ algorithm: DigestAlgorithm) throws(InspectionError) {
        self.algorithm = algorithm
        guard let method = DigestMethod.fetched[algorithm]?.pointer, let context = EVP_MD_CTX_new() else {
            throw InspectionError(.internal, "libcrypto does not offer \(algorithm.rawValue)")
        }
        self.context = context
        guard EVP_DigestInit_ex2(context, method, nil) == 1 else {
            throw InspectionError(.internal, "libcrypto could not begin \(algorithm.rawValue)")
        }
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes; false when libcrypto fails.
    func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
    }

    /// The digest of everything; comes last.
    func finish() -> Digest? {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &bytes, &length) == 1 else { return nil }
        return Digest(algorithm, bytes: bytes.prefix(Int(length)))
    }
}

/// An implementation of an algorithm, looked up once: a lookup by name costs as much as digesting a kilobyte or two.
// Unchecked: a fetched EVP_MD is never changed again, and is kept for as long as the process runs.
private struct DigestMethod: @unchecked Sendable {
    let pointer: OpaquePointer

    static let fetched: [DigestAlgorithm: Self] = {
        var methods: [DigestAlgorithm: Self] = [:]
        for algorithm in DigestAlgorithm.allCases {
            methods[algorithm] = EVP_MD_fetch(nil, name(of: algorithm), nil).map(Self.init)
        }
        return methods
    }()

    private static func name(of algorithm: DigestAlgorithm) -> String {
        switch algorithm {
        case .md5: "MD5"
        case .sha1: "SHA1"
        case .sha256: "SHA2-256"
        case .sha384: "SHA2-384"
        case .sha512: "SHA2-512"
        case .blake2b512: "BLAKE2B-512"
        }
    }
}
