import Foundation
import ImageModel
import ImageStore
import S3Signing
import TestSupport
import Testing

@testable import S3Store

@Suite("S3 store, told no", .timeLimit(.minutes(5)))
struct S3FailureTests {
    private static let secrets = ["visible-id", "very-secret", "secret-token"]

    private func store(_ origin: Origin) throws -> S3Store {
        let service = try #require(S3Service(endpoint: origin.url(""), region: nil))
        return try S3Store(
            name: identifier("default"),
            S3StoreConfiguration(
                service: service, bucket: "bucket", prefix: "images",
                keys: S3Keys(accessKey: "visible-id", secretKey: "very-secret", sessionToken: "secret-token")))
    }

    private func error(_ status: Int, _ code: String, _ more: String = "") -> OriginAnswer {
        .bytes(Array("<?xml version=\"1.0\"?><Error><Code>\(code)</Code>\(more)</Error>".utf8), status: status)
    }

    private func failure(_ store: S3Store) async -> StoreError? {
        await #expect(throws: StoreError.self) { try await store.freeBytes() }
    }

    @Test(
        "What only an operator can mend is named at once, with what to do about it, and may be tried another day",
        arguments: [
            (403, "RequestTimeTooSkewed", "clock"), (404, "NoSuchBucket", "make the bucket"),
            (403, "AccessDenied", "may not do this"), (403, "InvalidAccessKeyId", "does not know the access key"),
            (403, "SignatureDoesNotMatch", "secret key is wrong"), (400, "AuthorizationHeaderMalformed", "region"),
            (301, "PermanentRedirect", "endpoint"), (400, "ExpiredToken", "session token has expired"),
        ])
    func permanent(_ status: Int, _ code: String, _ advice: String) async throws {
        let origin = try Origin()
        origin.serve("/bucket/images/.longshore", error(status, code, "<Region>eu-west-7</Region>"))
        let failure = try #require(await failure(try store(origin)))
        #expect(failure.code == .storeUnavailable && failure.isTransient)
        #expect(failure.message.contains(code) && failure.message.contains(advice), "\(failure.message)")
        #expect(failure.message.contains("s3://bucket/images") && failure.message.contains("eu-west-7"))
        for secret in Self.secrets { #expect(!failure.message.contains(secret)) }
        #expect(origin.journal.entries.requests.count == 1)
    }

    @Test(
        "What passes is tried again, and a wait that the service asks for is kept",
        arguments: [(503, "SlowDown"), (500, "InternalError"), (400, "RequestTimeout"), (200, "InternalError")])
    func transient(_ status: Int, _ code: String) async throws {
        let origin = try Origin()
        let no = error(status, code).field("Content-Type", "application/xml")
        origin.serve("/bucket/images/.longshore", no.retryAfter("1"), .bytes([1]))
        let begun = ContinuousClock.now
        _ = try await store(origin).freeBytes()
        #expect(ContinuousClock.now - begun >= .seconds(1))
        #expect(origin.journal.entries.requests.count == 2)
    }

    @Test(
        "What no time and no operator can mend ends the job",
        arguments: [(400, "EntityTooLarge", FailureCode.capacityExceeded), (501, "NotImplemented", .storeUnavailable)])
    func never(_ status: Int, _ code: String, _ expected: FailureCode) async throws {
        let origin = try Origin()
        origin.serve("/bucket/images/.longshore", error(status, code))
        let failure = try #require(await failure(try store(origin)))
        #expect(failure.code == expected && !failure.isTransient)
    }

    @Test("A wait may be given as a date")
    func retryAfterDate() async throws {
        let origin = try Origin()
        let no = error(503, "SlowDown").field("Date", "Sat, 01 Jan 2022 00:00:00 GMT")
        origin.serve(
            "/bucket/images/.longshore", no.retryAfter("Sat, 01 Jan 2022 00:00:01 GMT"), .bytes([1]))
        let begun = ContinuousClock.now
        _ = try await store(origin).freeBytes()
        #expect(ContinuousClock.now - begun >= .seconds(1))
    }

    @Test("TLS is trusted by the configured authority and by nobody else, and a session token is sent and signed")
    func tls() async throws {
        let origin = try Origin()
        let front = try TLSFront(before: origin)
        origin.serve("/bucket/.longshore", .bytes([1]))
        let service = try #require(S3Service(endpoint: front.url(""), region: nil))
        var configuration = S3StoreConfiguration(
            service: service, bucket: "bucket", prefix: "",
            keys: S3Keys(accessKey: "visible-id", secretKey: "very-secret", sessionToken: "secret-token"))
        let stranger = await failure(try S3Store(name: identifier("default"), configuration))
        #expect(stranger?.message.contains("certificate") == true && origin.journal.entries.requests.isEmpty)
        configuration.caFile = front.caFile
        _ = try await S3Store(name: identifier("default"), configuration).freeBytes()
        let sent = try #require(origin.journal.entries.requests.first)
        #expect(sent["x-amz-security-token"] == "secret-token")
        #expect(
            sent["authorization"]?.contains("x-amz-security-token, ") == true
                || sent["authorization"]?.contains(";x-amz-security-token,") == true)
    }

    @Test("A service that stays busy costs a bounded number of tries, and the error says that it may pass")
    func busy() async throws {
        let origin = try Origin()
        origin.serve("/bucket/images/.longshore", error(503, "SlowDown"))
        let failure = try #require(await failure(try store(origin)))
        #expect(failure.isTransient && failure.message.contains("SlowDown"))
        #expect(origin.journal.entries.requests.count == 2)
    }

    @Test("An answer that is cut off, endless or nonsense is an error and no crash")
    func nonsense() async throws {
        let origin = try Origin()
        let store = try store(origin)
        origin.serve("/bucket", .bytes(Array("<ListBucketResult>".utf8)))
        await #expect(throws: StoreError.self) { try await store.shelves() }
        origin.serve("/bucket", .pattern(size: 1 << 30))
        let endless = await #expect(throws: StoreError.self) { try await store.shelves() }
        #expect(endless?.message.contains("longer than") == true)
        origin.serve("/bucket", .raw("SSH-2.0-nonsense\r\n"))
        await #expect(throws: StoreError.self) { try await store.shelves() }
    }

    @Test("Keys and signatures show in no description and no dump")
    func hidesKeys() throws {
        let store = try store(Origin())
        var dumped = ""
        dump(store, to: &dumped)
        for text in ["\(store)", String(reflecting: store), dumped] {
            for secret in Self.secrets { #expect(!text.contains(secret)) }
        }
    }

    @Test(
        "Wrong keys, a bucket that is not there: the real service's own words come through", .needsS3)
    func real() async throws {
        let service = try #require(S3Service(endpoint: RealS3.url, region: nil))
        let missing = "nobody-\(UUID().uuidString.lowercased())"
        let cases = [
            (RealS3.accessKey, RealS3.secretKey, "NoSuchBucket"), ("stranger", RealS3.secretKey, "InvalidAccessKeyId"),
            (RealS3.accessKey, "wrong-secret", "SignatureDoesNotMatch"),
        ]
        for (access, secret, code) in cases {
            let store = try S3Store(
                name: identifier("default"),
                S3StoreConfiguration(
                    service: service, bucket: missing, prefix: "",
                    keys: S3Keys(accessKey: access, secretKey: secret)))
            let failure = await #expect(throws: StoreError.self) { try await store.adopt(for: identifier("ours")) }
            #expect(failure?.message.contains(code) == true, "\(failure?.message ?? "")")
        }
    }
}
