import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("The catalog in memory")
struct InMemoryConformanceTests {
    @Test("obeys the port", .timeLimit(.minutes(10)), arguments: CatalogConformance.cases)
    func obeysThePort(_ conformance: CatalogConformance) async throws {
        let clock = AdjustableClock()
        let database = InMemoryCatalogDatabase(id: CatalogSamples.id("catalog-1"), now: { clock.now })
        try await conformance.run(against: { database })
    }

    @Test("loses what was not synced, and nothing else, when it crashes")
    func losesWhatWasNotSynced() async throws {
        let clock = AdjustableClock()
        let database = InMemoryCatalogDatabase(
            id: CatalogSamples.id("catalog-1"), durability: .untilSync, now: { clock.now })
        try await database.write { try $0.insert(CatalogSamples.image("kept")) }
        database.sync()
        try await database.write { try $0.insert(CatalogSamples.image("lost")) }
        database.crash()
        let images = try await database.read { try $0.images(ImageFilter()).map(\.id.rawValue) }
        #expect(images == ["kept"])
    }
}
