import ImageModel
import S3Signing
import TestSupport
import Testing

@testable import ImageSource

@Suite("Objects of S3 as sources", .timeLimit(.minutes(3)))
struct S3SourceTests {
    private func credential(
        _ endpoint: String, urls: [String], access: String = "visible-id", secret: String = "very-secret"
    ) throws -> FetchCredential {
        let service = try #require(S3Service(endpoint: endpoint, region: nil))
        return try #require(
            FetchCredential(
                keys: S3Keys(accessKey: access, secretKey: secret, sessionToken: nil), service: service, urls: urls))
    }

    private func source(_ rules: String...) throws -> HTTPImageSource {
        var policy = FetchPolicy()
        policy.allowPrivate = try rules.map { try #require(HostRule($0)) }
        return try HTTPImageSource(policy: policy)
    }

    private func bytes(_ source: HTTPImageSource, _ request: FetchRequest) async throws -> [UInt8] {
        try await source.withSource(request) { opened in
            var bytes: [UInt8] = []
            while let chunk = try await opened.nextChunk() { chunk.withBytes { bytes.append(contentsOf: $0) } }
            #expect(opened.facts.url == request.url)
            return bytes
        }
    }

    @Test("A real service lets the signed request in, keys with odd characters and ranges included", .needsS3)
    func fetches() async throws {
        let bucket = try await RealS3.makeBucket()
        let image = ImageBytes(3 << 20 + 17)
        let path = "folder a/b+c&d=e ü.qcow2".uriEncoded(keepingSlashes: true)
        try await RealS3.request("PUT", "/\(bucket)/\(path)", body: image.bytes)
        let endpoint = try #require(RealS3.url)
        let credential = try credential(
            endpoint, urls: ["s3://\(bucket)/folder%20a/"], access: RealS3.accessKey, secret: RealS3.secretKey)
        let source = try source(String(endpoint.dropFirst("http://".count)))
        var request = FetchRequest(url: "s3://\(bucket)/\(path)", sizeLimit: 1 << 30, credential: credential)
        #expect(try await bytes(source, request) == image.bytes)
        request.resume = ResumePoint(offset: 1 << 20, validator: nil, isUnproven: true)
        #expect(try await bytes(source, request) == Array(image.bytes[(1 << 20)...]))
        request = FetchRequest(url: "s3://\(bucket)/folder%20a/none", sizeLimit: 1, credential: credential)
        await #expect(throws: SourceError(.sourceNotFound, "")) { try await bytes(source, request) }
        let wrong = try self.credential(endpoint, urls: ["s3://\(bucket)/"], access: RealS3.accessKey)
        request = FetchRequest(url: "s3://\(bucket)/\(path)", sizeLimit: 1 << 30, credential: wrong)
        await #expect(throws: SourceError(.sourceUnauthorized, "")) { try await bytes(source, request) }
    }

    @Test("The service's address is judged as any other: a private one is refused before anything is sent")
    func judgesAddress() async throws {
        let origin = try Origin()
        let credential = try credential(origin.url(""), urls: ["s3://bucket/"])
        let request = FetchRequest(url: "s3://bucket/key", sizeLimit: 1, credential: credential)
        await #expect(throws: SourceError(.sourceDenied, "")) { try await bytes(try source(), request) }
        #expect(origin.journal.entries.accepted == 0)
    }

    @Test(
        "Without the scheme s3 in fetch.schemes nothing is sent, and with it alone the service's scheme does not count")
    func schemes() async throws {
        let origin = try Origin()
        origin.serve("/bucket/key", .bytes([1, 2, 3]))
        let credential = try credential(origin.url(""), urls: ["s3://bucket/"])
        let request = FetchRequest(url: "s3://bucket/key", sizeLimit: 9, credential: credential)
        var policy = FetchPolicy()
        policy.allowPrivate = [try #require(HostRule(origin.rule))]
        policy.schemes = ["http", "https"]
        await #expect(throws: SourceError(.sourceDenied, "")) {
            try await bytes(try HTTPImageSource(policy: policy), request)
        }
        policy.schemes = ["s3"]
        #expect(try await bytes(HTTPImageSource(policy: policy), request) == [1, 2, 3])
    }

    @Test(
        "Objects that no URL of the credential covers are refused, and so is everything without one",
        arguments: ["s3://other/images/a", "s3://bucket/imagesx", "s3://bucket/", "s3://bucket/images/../a"])
    func covers(_ url: String) async throws {
        let origin = try Origin()
        let source = try source(origin.rule)
        let credential = try credential(origin.url(""), urls: ["s3://bucket/images"])
        for credential in [credential, nil] {
            let request = FetchRequest(url: url, sizeLimit: 1, credential: credential)
            await #expect(throws: SourceError(.sourceDenied, "")) { try await bytes(source, request) }
        }
        let book = CredentialBook(["objects": .init(credential: credential)])
        #expect(throws: CredentialBook.Refusal.self) {
            try book.credential("objects", for: url, accounts: [], profile: nil)
        }
        #expect(throws: Never.self) {
            try book.credential("objects", for: "s3://bucket/images/a", accounts: [], profile: nil)
        }
        #expect(origin.journal.entries.accepted == 0)
    }

    @Test("A redirect is not followed, keys go to nobody in clear, and no error shows any of them")
    func redirects() async throws {
        let (origin, stranger) = (try Origin(), try Origin())
        origin.serve("/bucket/key", .redirect(to: stranger.url("/bucket/key"), status: 307))
        let credential = try credential(origin.url(""), urls: ["s3://bucket/"])
        let source = try source(origin.rule, stranger.rule)
        let request = FetchRequest(
            url: "s3://bucket/key", query: "versionId=hidden", sizeLimit: 1, credential: credential)
        let error = await #expect(throws: SourceError.self) { try await bytes(source, request) }
        #expect(error?.code == .sourceRedirect && stranger.journal.entries.accepted == 0)
        let sent = try #require(origin.journal.entries.requests.first)
        #expect(sent.query == "versionId=hidden" && sent["authorization"]?.contains("Signature=") == true)
        for text in ["\(error?.message ?? "")", "\(credential)", String(reflecting: credential), "\(request)"] {
            for secret in ["visible-id", "very-secret", "hidden=", "versionId", "Signature"] {
                #expect(!text.contains(secret))
            }
        }
        #expect(!sent.fields.values.contains { $0.contains("very-secret") })
    }
}
