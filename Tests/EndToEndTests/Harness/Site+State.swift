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
func sha256(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 32
    _ = bytes.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &digest, &length, EVP_sha256(), nil) }
    return digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

extension PatternBytes {
    /// All bytes.
    var all: [UInt8] { bytes(at: 0, limit: Int(size)) }
}
