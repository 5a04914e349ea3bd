import ImageModel
import ImageStore
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
}
