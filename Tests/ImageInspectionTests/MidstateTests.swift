import ImageModel
import Testing

@testable import ImageInspection

@Suite("Interrupted digests", .timeLimit(.minutes(10)))
struct MidstateTests {
    private static let all = Set(DigestAlgorithm.allCases)
    private static let interruptible = all.subtracting([.blake2b512])

    /// Digests `bytes[..<place]`, forgets everything but the midstates, and goes on from them.
    private func digests(of bytes: [UInt8], interruptedAt place: Int) async throws -> [Digest] {
        let midstates = try await ImageDigests.withDigests(Self.all) { digests in
            try await forEachChunk(of: Array(bytes[..<place]), size: 4_096) { try await digests.update($0) }
            return await digests.mark().values()
        }
        #expect(Set(midstates.map(\.algorithm)) == Self.interruptible)
        #expect(midstates.allSatisfy { $0.byteCount == Int64(place) })
        return try await ImageDigests.withDigests(Self.all, from: midstates) { digests in
            #expect(digests.hasFresh)
            try await forEachChunk(of: Array(bytes[..<place]), size: 4_096) { try await digests.catchUp($0) }
            try await forEachChunk(of: Array(bytes[place...]), size: 4_096) { try await digests.update($0) }
            return try await digests.finish()
        }
    }

    @Test("An interruption at any multiple of 128 bytes changes no digest")
    func everyPlace() async throws {
        let bytes = noise(3_000)
        let whole = try await ImageDigests.withDigests(Self.all) { digests in
            try await forEachChunk(of: bytes, size: 1_000) { try await digests.update($0) }
            return try await digests.finish()
        }
        for place in stride(from: 0, through: bytes.count, by: 128) {
            #expect(try await digests(of: bytes, interruptedAt: place) == whole, "at \(place)")
        }
    }

    @Test("One algorithm alone goes on without being shown a byte again", arguments: interruptible)
    func alone(_ algorithm: DigestAlgorithm) async throws {
        let bytes = noise(200_000)
        let midstates = try await ImageDigests.withDigests([algorithm]) { digests in
            try await forEachChunk(of: Array(bytes[..<131_072]), size: 65_536) { try await digests.update($0) }
            return await digests.mark().values()
        }
        let digest = try await ImageDigests.withDigests([algorithm], from: midstates) { digests in
            #expect(!digests.hasFresh)
            try await forEachChunk(of: Array(bytes[131_072...]), size: 65_536) { try await digests.update($0) }
            return try await digests.finish()
        }
        #expect(digest == [try #require(RunningDigest.digestAtOnce(algorithm, bytes))])
    }

    @Test("Lengths beyond 32 bits of bits are kept", arguments: interruptible)
    func longLengths(_ algorithm: DigestAlgorithm) throws {
        let first = try #require(BlockDigest(algorithm)?.midstate)
        let far = DigestMidstate(algorithm: algorithm, words: first.words, byteCount: 5 << 32)
        let near = DigestMidstate(algorithm: algorithm, words: first.words, byteCount: 1 << 29)
        let digests = [first, near, far].map { BlockDigest($0)?.finish() }
        // The length is part of what is digested: the same words after another length end otherwise.
        #expect(!digests.contains(nil) && Set(digests).count == 3)
    }

    @Test("There is no midstate inside a block, and none of BLAKE2b")
    func noMidstate() async throws {
        let digest = try #require(BlockDigest(.sha256))
        #expect([UInt8](repeating: 1, count: 127).withUnsafeBytes { digest.update($0) })
        #expect(digest.midstate == nil)
        #expect([1].withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<1])) })
        #expect(digest.midstate?.byteCount == 128)
        #expect(try RunningDigest(.blake2b512).midstate == nil)
    }

    @Test("What is no midstate is not gone on with; the digest begins anew")
    func malformed() async throws {
        let good = try #require(BlockDigest(.md5)?.midstate)
        let bad = [
            DigestMidstate(algorithm: .md5, words: String(good.words.dropLast()), byteCount: 0),
            DigestMidstate(algorithm: .md5, words: "+" + good.words.dropFirst(), byteCount: 0),
            DigestMidstate(algorithm: .md5, words: "g" + good.words.dropFirst(), byteCount: 0),
            DigestMidstate(algorithm: .md5, words: good.words, byteCount: 127),
            DigestMidstate(algorithm: .md5, words: good.words, byteCount: -128),
            DigestMidstate(algorithm: .sha512, words: good.words, byteCount: 0),
            DigestMidstate(algorithm: .blake2b512, words: good.words, byteCount: 0),
        ]
        #expect(RunningDigest.canGoOn(from: good))
        for midstate in bad {
            #expect(!RunningDigest.canGoOn(from: midstate), "\(midstate)")
            try await ImageDigests.withDigests([midstate.algorithm], from: [midstate]) { digests in
                #expect(digests.hasFresh)
            }
        }
    }

    @Test("The library that is loaded gives the known answers, except for BLAKE2b")
    func knownAnswers() {
        #expect(KnownAnswers.reliable == Self.interruptible)
    }

    @Test("A context that is laid out otherwise switches midstates off, for its algorithm only")
    func otherLayout() throws {
        // Other words to begin with, and the same ones to begin with but another digest in the end.
        let swapped: [DigestAlgorithm: DigestAlgorithm] = [.sha256: .sha512, .sha1: .md5]
        let reliable = KnownAnswers.reliable { BlockDigest(swapped[$0] ?? $0) }
        #expect(reliable == Self.interruptible.subtracting([.sha256, .sha1]))
    }

    @Test("A check tells the bytes of a midstate from those with one bit changed, one less or one block more")
    func check() async throws {
        let bytes = noise(65_536)
        let midstates = try await ImageDigests.withDigests(Self.all) { digests in
            try await forEachChunk(of: bytes, size: 4_096) { try await digests.update($0) }
            return await digests.mark().values()
        }
        func matches(_ bytes: [UInt8], against midstates: [DigestMidstate]) async throws -> Bool? {
            guard let check = MidstateCheck(against: midstates) else { return nil }
            try await forEachChunk(of: bytes, size: 4_096) { try check.update($0) }
            return check.matches
        }
        for midstate in midstates {
            #expect(try await matches(bytes, against: [midstate]) == true)
            for place in [0, 30_000, bytes.count - 1] {
                var flipped = bytes
                flipped[place] ^= 1
                #expect(try await matches(flipped, against: [midstate]) == false)
            }
            #expect(try await matches(Array(bytes.dropLast()), against: [midstate]) == false)
            #expect(try await matches(bytes + [UInt8](repeating: 0, count: 128), against: [midstate]) == false)
        }
        #expect(try await matches(bytes, against: midstates) == true)
        #expect(try await matches(bytes, against: []) == nil)
    }

    @Test("Marks of lanes that ended are answered")
    func marksAfterTheEnd() async throws {
        let marks = try await ImageDigests.withDigests([.md5, .sha256]) { digests in
            _ = try await digests.finish()
            return digests.mark()
        }
        #expect(await marks.values().isEmpty)
    }
}
