import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Sealed secrets")
struct SecretSealingTests {
    /// Reverses text, which is enough to see where secrets go.
    private struct Mirror: SecretSealing {
        func seal(_ secret: String, of job: JobID) -> String { sealedSecretMark + String(secret.reversed()) }

        func open(_ sealed: String, of job: JobID) throws(CatalogError) -> String {
            guard sealed.hasPrefix(sealedSecretMark) else { return sealed }
            return String(sealed.dropFirst(sealedSecretMark.count).reversed())
        }
    }

    private func stored(_ harness: Harness) async throws -> String? {
        try await harness.catalog.read { try $0.admission(of: CatalogSamples.id("job-1"))?.sourceQuery }
    }

    @Test("The rows hold the sealed query, the worker gets the open one, a fresher one is sealed too")
    func sealed() async throws {
        let harness = Harness()
        let catalog = harness.catalog.sealing(with: Mirror())
        let job = Harness.submission("job-1", Harness.importWork(), query: "sig=abc")
        _ = try await catalog.accept([job])
        #expect(try await stored(harness) == sealedSecretMark + "cba=gis")
        _ = try await catalog.accept([Harness.submission("job-1", Harness.importWork(), query: "sig=xyz")])
        #expect(try await stored(harness) == sealedSecretMark + "zyx=gis")
        let claimed = try await catalog.claim(
            for: CatalogSamples.id("w-1"), slots: [.import: 1], lease: .seconds(30)
        ).jobs
        #expect(claimed.first?.sourceQuery == "sig=xyz")
        #expect(claimed.first?.secretProblem == nil)
    }

    @Test("What was stored before there was a key stays readable")
    func before() async throws {
        let harness = Harness()
        try await harness.accept(Harness.submission("job-1", Harness.importWork(), query: "sig=abc"))
        let claimed = try await harness.catalog.sealing(with: Mirror()).claim(
            for: CatalogSamples.id("w-1"), slots: [.import: 1], lease: .seconds(30)
        ).jobs
        #expect(claimed.first?.sourceQuery == "sig=abc")
    }

    @Test("A secret that cannot be opened is the trouble of its job alone")
    func keyIsGone() async throws {
        let harness = Harness()
        _ = try await harness.catalog.sealing(with: Mirror()).accept([
            Harness.submission("job-1", Harness.importWork(), query: "sig=abc"),
            Harness.submission("job-2", Harness.importWork("image-2")),
        ])
        let claimed = try await harness.claim(.import)
        #expect(claimed.count == 2)
        for claim in claimed {
            #expect(claim.sourceQuery == nil)
            #expect((claim.secretProblem?.contains("catalog.secret_key") == true) == (claim.job.id.rawValue == "job-1"))
        }
    }
}
