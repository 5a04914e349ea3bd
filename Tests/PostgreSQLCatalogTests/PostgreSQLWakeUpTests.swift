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
            var hints = idle.hints().makeAsyncIterator()
            // The first two tell that it listens.
            for _ in 0..<2 { _ = await hints.next() }
            _ = try await catalog.accept([CatalogJourneys.message("j-1", image: "i-1")])
            #expect(await hints.next() == .jobsReady([.import]))
            await proxy.reset()
            for _ in 0..<2 { _ = await hints.next() }
        }
    }

    @Test("Who runs a job hears that its end was asked for, once", .timeLimit(.minutes(10)))
    func cancelled() async throws {
        try await withTemporarySchema { url in
            let catalog = ImageCatalog(
                database: try PostgreSQLCatalogDatabase(url: url), random: SeededRandomSource(seed: 1))
            _ = try await catalog.accept([CatalogJourneys.message("j-1", image: "i-1")])
            let claimed = try await catalog.claim(
                for: CatalogSamples.id("worker-1"), slots: [.import: 1], lease: .seconds(60)
            ).jobs
            #expect(claimed.map(\.job.id.rawValue) == ["j-1"])
            var hints = catalog.hints().makeAsyncIterator()
            for _ in 0..<2 { _ = await hints.next() }
            for number in 1...2 {
                let request = JobRequest(
                    id: CatalogSamples.id("c-\(number)"), work: .cancel(CancelRequest(jobID: CatalogSamples.id("j-1"))))
                _ = try await catalog.accept([
                    .submission(
                        JobSubmission(request: request, canonicalForm: "c-\(number)"),
                        original: DeadLetter(body: [], routingKey: "cancel"))
                ])
            }
            // Not by the same connection, which may have notified a moment ago.
            let other = ImageCatalog(
                database: try PostgreSQLCatalogDatabase(url: url), random: SeededRandomSource(seed: 2))
            _ = try await other.accept([CatalogJourneys.message("j-2", image: "i-2")])
            #expect(await hints.next() == .cancelRequested)
            #expect(await hints.next() == .jobsReady([.import]))
        }
    }
}
