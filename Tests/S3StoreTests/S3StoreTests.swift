import ImageModel
import ImageStore
import S3Signing
import TestSupport
import Testing

@testable import S3Store

@Suite("S3 store", .needsS3)
struct S3StoreTests {
    @Test(
        "Meets the contract of image stores", .timeLimit(.minutes(5)), arguments: ImageStoreConformance.cases)
    func conforms(_ testCase: ImageStoreConformance.Case) async throws {
        try await testCase.run(against: { try await TemporaryS3Place() })
    }

    @Test("Buckets are reached as hosts too", .timeLimit(.minutes(2)))
    func virtualHosts() async throws {
        let place = try await TemporaryS3Place()
        let port = try #require(RealS3.url?.split(separator: ":").last)
        var configuration = try place.configuration()
        configuration.service = try #require(
            S3Service(endpoint: "http://localhost:\(port)", region: "us-east-1", style: .virtual))
        let store = try S3Store(name: identifier("default"), configuration)
        try await store.adopt(for: identifier("catalog-of-ours"))
        let image = ImageBytes(6 << 20 + 1)
        let object = try await store.withStaging(identifier("transfer-0001"), expectedSize: nil) { staged in
            for chunk in image.chunks() { try await staged.append(chunk) }
            _ = try await staged.synchronize()
            return try await staged.commit()
        }
        #expect(try await place.bytes(of: object) == image.bytes)
    }
}
