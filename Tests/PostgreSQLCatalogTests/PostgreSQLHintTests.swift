import Catalog
import ImageModel
import Testing

@testable import PostgreSQLCatalog

@Suite("What notifications of PostgreSQL bear")
struct PostgreSQLHintTests {
    @Test("The kinds of ready jobs come back as they were sent")
    func kinds() {
        for kinds: Set<JobKind> in [[.import], [.share, .update], CatalogHint.allKinds] {
            #expect(CatalogHint(payload: CatalogHint.payload(of: kinds)) == .jobsReady(kinds))
        }
        #expect(CatalogHint(payload: CatalogHint.cancelPayload) == .cancelRequested)
    }

    @Test(
        "Nothing, as old workers send it, and words of newer ones may mean any kind",
        arguments: ["", "seal", "import,seal"])
    func others(payload: String) {
        #expect(CatalogHint(payload: payload) == .jobsReady(CatalogHint.allKinds))
    }

    @Test("A kind is told of at most ten times a second, whatever is told of others")
    func pace() throws {
        let session = Session(try ConnectionAddress("postgresql:///none"), name: "pace")
        #expect(session.kindsToNotify(of: [.import], at: 1_000_000) == [.import])
        #expect(session.kindsToNotify(of: [.import, .share], at: 1_050_000) == [.share])
        #expect(session.kindsToNotify(of: [.import, .share], at: 1_100_000) == [.import])
        #expect(session.kindsToNotify(of: [], at: 2_000_000).isEmpty)
    }
}
