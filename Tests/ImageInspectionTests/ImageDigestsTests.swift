import ImageInspection
import ImageModel
import Testing

/// A digest that a standard or its reference implementation publishes.
struct DigestVector: Sendable, CustomTestStringConvertible {
    let algorithm: DigestAlgorithm
    let text: String
    let hex: String
    var testDescription: String { "\(algorithm.rawValue) of \"\(text.prefix(16))\"" }

    /// "abc" and the empty text of RFC 1321 (A.5), FIPS 180 examples (NIST) and RFC 7693 (appendix A).
    static let published: [Self] = [
        .init(algorithm: .md5, text: "", hex: "d41d8cd98f00b204e9800998ecf8427e"),
        .init(algorithm: .md5, text: "abc", hex: "900150983cd24fb0d6963f7d28e17f72"),
        .init(
            algorithm: .md5, text: "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            hex: "57edf4a22be3c955ac49da2e2107b67a"),
        .init(algorithm: .sha1, text: "", hex: "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        .init(algorithm: .sha1, text: "abc", hex: "a9993e364706816aba3e25717850c26c9cd0d89d"),
        .init(
            algorithm: .sha1, text: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            hex: "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        .init(
            algorithm: .sha256, text: "", hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        .init(
            algorithm: .sha256, text: "abc", hex: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        .init(
            algorithm: .sha256, text: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            hex: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        .init(
            algorithm: .sha384, text: "abc",
            hex: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
        .init(
            algorithm: .sha512, text: "abc",
            hex: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
        .init(
            algorithm: .blake2b512, text: "abc",
            hex: "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"),
    ]
}

@Suite("Digests of an image")
struct ImageDigestsTests {
    private static let all = Set(DigestAlgorithm.allCases)

    private func digests(
        of bytes: [UInt8], _ algorithms: Set<DigestAlgorithm>, chunkSize: Int = 1 << 20
    ) async throws -> [Digest] {
        try await ImageDigests.withDigests(algorithms) { digests in
            try await forEachChunk(of: bytes, size: chunkSize) { try await digests.update($0) }
            return try await digests.finish()
        }
    }

    @Test("Published digests come out alone and beside all others", arguments: DigestVector.published)
    func publishedVectors(_ vector: DigestVector) async throws {
        let expected = try #require(Digest(vector.algorithm, hex: vector.hex))
        #expect(try await digests(of: Array(vector.text.utf8), [vector.algorithm]) == [expected])
        #expect(try await digests(of: Array(vector.text.utf8), Self.all).contains(expected))
    }

    @Test("A million times \"a\" has the digest that NIST published")
    func longMessage() async throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let result = try await digests(of: bytes, [.sha256, .sha1])
        #expect(
            result.map(\.hex) == [
                "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ])
    }

    @Test("Digests do not depend on where the stream is cut", arguments: [1, 17, 512, 65_536])
    func splitIndependence(_ chunkSize: Int) async throws {
        let bytes = noise(min(200_000, 5_000 * chunkSize))
        let whole = try await digests(of: bytes, Self.all)
        #expect(whole.map(\.algorithm) == DigestAlgorithm.allCases)
        #expect(try await digests(of: bytes, Self.all, chunkSize: chunkSize) == whole)
        for digest in whole {
            #expect(try await digests(of: bytes, [digest.algorithm], chunkSize: chunkSize) == [digest])
        }
    }

    @Test("No algorithms make no digests")
    func noAlgorithms() async throws {
        #expect(try await digests(of: [1, 2, 3], []).isEmpty)
    }

    @Test(
        "A body that gives up halfway ends every lane", .timeLimit(.minutes(10)),
        arguments: [[DigestAlgorithm.md5], [.md5, .sha256, .sha512]])
    func bodyThrows(_ algorithms: [DigestAlgorithm]) async throws {
        struct GivenUp: Error {}
        await #expect(throws: GivenUp.self) {
            try await ImageDigests.withDigests(Set(algorithms)) { digests in
                try await forEachChunk(of: noise(100_000), size: 4_096) { try await digests.update($0) }
                throw GivenUp()
            }
        }
    }

    /// Goal: memory stays bounded when one algorithm is slower than the source.
    /// Method: a pool that is smaller than the stream; it must come back again and again.
    @Test("Lanes hold few chunks, so a small pool is enough", .timeLimit(.minutes(10)))
    func boundedQueues() async throws {
        let pool = ChunkPool(chunkSize: 1 << 16, chunkLimit: 4)
        let count = try await ImageDigests.withDigests(Self.all) { digests in
            var count = 0
            while count < 200 {
                guard var builder = pool.makeBuilder() else {
                    await Task.yield()
                    continue
                }
                _ = [UInt8](repeating: UInt8(count), count: 1 << 16).withUnsafeBytes { builder.append($0) }
                try await digests.update(builder.finish())
                count += 1
            }
            #expect(try await digests.finish().count == 6)
            return count
        }
        #expect(count == 200)
    }

    /// Goal: a simulation replays a seed. Method: a task executor whose order only the seed decides; the same steps
    /// come again exactly when no job ran anywhere else and nothing depended on time.
    @Test("A seeded executor replays the lanes step by step", .timeLimit(.minutes(10)))
    func replay() async throws {
        let bytes = noise(60_000)
        func trace(seed: UInt64) async throws -> [Int] {
            let executor = SeededExecutor(seed: seed)
            defer { executor.end() }
            return try await withTaskExecutorPreference(executor) {
                _ = try await digests(of: bytes, Self.all, chunkSize: 4_096)
                return executor.trace
            }
        }
        let first = try await trace(seed: 1)
        #expect(first.count > 100)
        for _ in 0..<20 { #expect(try await trace(seed: 1) == first) }
        #expect(try await trace(seed: 2) != first)
    }
}
