import CLibCrypto
import Catalog
import Foundation
import ImageModel
import TestSupport
import Testing

extension Site {
    /// The catalog, for questions.
    func catalog() throws -> ImageCatalog {
        ImageCatalog(
            database: try catalogPlace.open(path: catalogPath, schema: schema), random: SeededRandomSource(seed: 1))
    }

    /// Entries of the outbox that wait to be published.
    func unpublished() async throws -> [OutboxEntry] {
        try await catalog().read { try $0.unpublished(limit: 1_000) }
    }

    func image(_ id: String) async throws -> Image {
        let id = try #require(ImageID(id))
        return try #require(try await catalog().read { try $0.image(id) })
    }

    func job(_ id: String) async throws -> Job {
        let id = try #require(JobID(id))
        return try #require(try await catalog().read { try $0.job(id) })
    }

    /// Objects that were committed to the stores, as paths.
    var objects: [String] { storePaths.flatMap { files(below: "\($0)/objects") } }

    /// Whatever an attempt has not cleaned up.
    var staged: [String] { storePaths.flatMap { files(below: "\($0)/staging") } }

    private func files(below path: String) -> [String] {
        (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [])
            .map { "\(path)/\($0)" }
            .filter {
                (try? FileManager.default.attributesOfItem(atPath: $0))?[.type] as? FileAttributeType == .typeRegular
            }
            .sorted()
    }

    /// The bytes that lie in the store for an image.
    func storedBytes(of id: String) async throws -> [UInt8] {
        let replica = try #require(try await image(id).replicas.first)
        let url = try #require(replica.url.flatMap(URL.init(string:)))
        return Array(try Data(contentsOf: url))
    }
}

/// The SHA-256 of some bytes in hexadecimal digits, by the system's libcrypto.
func sha256(_ bytes: [UInt8]) -> String { hexDigest(.sha256, of: bytes) }

/// The digest of some bytes in hexadecimal digits, by the system's libcrypto.
func hexDigest(_ algorithm: DigestAlgorithm, of bytes: [UInt8]) -> String {
    let function =
        switch algorithm {
        case .md5: EVP_md5()
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        case .sha384: EVP_sha384()
        case .sha512: EVP_sha512()
        case .blake2b512: EVP_blake2b512()
        }
    var digest = [UInt8](repeating: 0, count: algorithm.byteLength)
    var length = UInt32(digest.count)
    _ = bytes.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &digest, &length, function, nil) }
    return digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

extension ImageContent {
    /// The algorithms of those digests that these bytes do not have; all that are wrong when there is none.
    func wrongDigests(of bytes: [UInt8]) -> [String] {
        guard !digests.isEmpty else { return ["none"] }
        return digests.filter { $0.hex != hexDigest($0.algorithm, of: bytes) }.map(\.algorithm.rawValue)
    }
}

extension PatternBytes {
    /// All bytes.
    var all: [UInt8] { bytes(at: 0, limit: Int(size)) }
}
