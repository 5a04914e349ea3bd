import Foundation
import ImageModel
import TestSupport
import Testing

@testable import ImageSource

@Suite("Signed lists of digests", .timeLimit(.minutes(10)))
struct SignedListsTests {
    private static let digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    private static let list = "\(digest)  image.qcow2\n"

    /// An origin with a list, and with signatures beside it as told; the reader wants one for everything below `/signed`.
    private func read(
        _ text: String = list, _ signatures: [String: [UInt8]] = [:], path: String = "/signed/SUMS",
        status: [String: Int] = [:]
    ) async throws -> [String] {
        let origin = try Origin()
        origin.serve(path, .bytes(Array(text.utf8)))
        for (suffix, bytes) in signatures { origin.serve(path + suffix, .bytes(bytes)) }
        for (suffix, status) in status { origin.serve(path + suffix, .status(status)) }
        let directory = FileManager.default.temporaryDirectory.appending(path: "ring-\(UUID().uuidString)")
        try Data(SignatureSamples.ring).write(to: directory)
        defer { try? FileManager.default.removeItem(at: directory) }
        let rule = try #require(SignedLists(urls: [origin.url("/signed")], keyring: directory.path))
        return try await DigestListReader(signed: [rule]).digests(
            of: origin.url("/signed/image.qcow2"), in: origin.url(path), credential: nil,
            source: source(for: origin)
        ).map(\.description)
    }

    @Test(
        "A list counts when a key of the keyring signed it, wherever the signature lies",
        arguments: [
            [".asc": SignatureSamples.trustedArmored], [".sig": SignatureSamples.trusted],
            [".gpg": SignatureSamples.trusted], [".sign": SignatureSamples.trusted],
            // Others may have signed too.
            [".sig": SignatureSamples.trustedAndStranger],
        ])
    func good(signatures: [String: [UInt8]]) async throws {
        #expect(try await read(Self.list, signatures) == ["sha256:\(Self.digest)"])
    }

    @Test("A signature that cannot be had because the store says 403 for everything absent is looked for further on")
    func forbidden() async throws {
        let digests = try await read(Self.list, [".sig": SignatureSamples.trusted], status: [".asc": 403])
        #expect(digests.count == 1)
    }

    @Test(
        "A list does not count without a good signature by a known key",
        arguments: [
            ([:], "there is no signature"), ([".sig": SignatureSamples.stranger], "not in the keyring"),
            ([".sig": SignatureSamples.expired], "expired"), ([".sig": Array("no signature".utf8)], "signature"),
            ([".sig": []], "signature"), ([".asc": Array(SignatureSamples.clearSigned.utf8)], "signature"),
        ] as [([String: [UInt8]], String)])
    func bad(signatures: [String: [UInt8]], reason: String) async throws {
        await #expect {
            try await read(Self.list, signatures)
        } throws: { error in
            guard let error = error as? SourceError else { return false }
            return error.code == .verificationFailed && error.message.contains(reason)
        }
    }

    @Test("A list that was changed after it was signed does not count")
    func changed() async throws {
        let evil = Self.list.replacing("2d71", with: "0000")
        await #expect {
            try await read(evil, [".sig": SignatureSamples.trusted])
        } throws: { error in
            (error as? SourceError)?.message.contains("does not fit") == true
        }
        await #expect(throws: SourceError(.verificationFailed, "")) {
            try await read(SignatureSamples.clearSigned.replacing("2d71", with: "0000"))
        }
    }

    @Test("Of a clear-signed list only what is signed counts")
    func clearSigned() async throws {
        #expect(try await read(SignatureSamples.clearSigned) == ["sha256:\(Self.digest)"])
        // Unsigned lines behind the signature, or a second message by somebody else, add nothing.
        let evil = Self.list.replacing("2d71", with: "0000")
        let added = try? await read(SignatureSamples.clearSigned + evil)
        #expect(added == nil || added == ["sha256:\(Self.digest)"])
        await #expect(throws: SourceError.self) { try await read(evil + SignatureSamples.clearSigned) }
    }

    @Test("Lists elsewhere need no signature")
    func elsewhere() async throws {
        #expect(try await read(Self.list, path: "/other/SUMS") == ["sha256:\(Self.digest)"])
    }

    @Test("A list that is too long, absent or behind a private address is refused")
    func refused() async throws {
        let long = String(repeating: "x", count: DigestList.byteLimit + 1)
        await #expect(throws: SourceError(.sizeLimit, "")) { try await read(long, path: "/other/SUMS") }
        let network = try FencedNetwork()
        network.answer("private.example", ["10.0.0.1"])
        let source = try network.source()
        for (list, code) in [
            ("http://good.example/absent", FailureCode.sourceNotFound),
            ("http://private.example/SUMS", .sourceDenied), ("http://127.0.0.1/SUMS", .sourceDenied),
        ] {
            await #expect(throws: SourceError(code, "")) {
                try await DigestListReader().digests(
                    of: "http://good.example/image", in: list, credential: nil, source: source)
            }
        }
        #expect(network.connections.count == 1)
    }
}
