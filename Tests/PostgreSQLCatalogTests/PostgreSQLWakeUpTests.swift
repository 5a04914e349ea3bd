import Catalog
import ImageModel
import PostgreSQLCatalog
import TestSupport
import Testing

@Suite("Wake-ups by PostgreSQL", .needsPostgreSQL)
struct PostgreSQLWakeUpTests {
    @Test(
        "A job that one worker accepts wakes another, and again after the connection was cut", .timeLimit(.minutes(10)))
    func notified() async throws {
        try await withTemporarySchema { url in
            let proxy = try Proxy(to: try RealPostgreSQL.port(of: url), framed: false)
            let idle = try PostgreSQLCatalogDatabase(url: try RealPostgreSQL.url(url, port: proxy.port))
            let catalog = ImageCatalog(
                database: try PostgreSQLCatalogDatabase(url: url), random: SeededRandomSource(seed: 1))
            var wakeUps = idle.wakeUps().makeAsyncIterator()
            // The first tells that it listens.
            await wakeUps.next()
            _ = try await catalog.accept([CatalogJourneys.message("j-1", image: "i-1")])
            await wakeUps.next()
            await proxy.reset()
            await wakeUps.next()
        }
    }
}
