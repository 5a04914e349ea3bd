import Catalog
import ImageModel
import SQLiteCatalog
import TestSupport
import Testing

@Suite("The rules on SQLite")
struct SQLiteJourneyTests {
    private static func message(_ id: String, image: String, after: [String] = []) -> IntakeItem {
        let request = JobRequest(
            id: CatalogSamples.id(id), after: after.map { CatalogSamples.id($0) }, maxAttempts: 1,
            work: CatalogSamples.importWork(image))
        return .submission(
            JobSubmission(request: request, canonicalForm: id), original: DeadLetter(body: [], routingKey: "import"))
    }

    @Test("A long chain of jobs fails with its head, without a stack to overflow", .timeLimit(.minutes(10)))
    func longChain() async throws {
        try await withTemporaryCatalog { path in
            let catalog = ImageCatalog(
                database: try SQLiteCatalogDatabase(path: path), random: SeededRandomSource(seed: 1))
            let count = 2_000
            _ = try await catalog.accept(
                (0..<count).map { Self.message("j-\($0)", image: "i-\($0)", after: $0 == 0 ? [] : ["j-\($0 - 1)"]) })
            let claimed = try #require(
                try await catalog.claim(for: CatalogSamples.id("w"), slots: [.import: 9], lease: .seconds(60)).first)
            try await catalog.fail(claimed.lease, because: CatalogSamples.failure)
            let last = try await catalog.read { try $0.job(CatalogSamples.id("j-\(count - 1)")) }
            #expect(last?.failure?.code == .predecessorFailed)
            let waiting = try await catalog.read { try $0.waitingCounts() }
            #expect(waiting.isEmpty)
        }
    }

    @Test("Workers with a pool each never get the same job, and every import ends once", .timeLimit(.minutes(10)))
    func manyWorkers() async throws {
        try await withTemporaryCatalog { path in
            let first = ImageCatalog(
                database: try SQLiteCatalogDatabase(path: path), random: SeededRandomSource(seed: 1))
            let count = 120
            _ = try await first.accept((0..<count).map { Self.message("j-\($0)", image: "i-\($0)") })
            let claimed = try await withThrowingTaskGroup(of: [JobID].self) { group in
                for worker in 0..<4 {
                    let catalog = ImageCatalog(
                        database: try SQLiteCatalogDatabase(path: path),
                        random: SeededRandomSource(seed: UInt64(worker + 10)))
                    group.addTask { try await Self.work(on: catalog, as: "w-\(worker)") }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == count && Set(claimed).count == count)
            let entries = try await first.read { try $0.unpublished(limit: 9_999) }
            #expect(entries.filter { $0.event.topic == .image(.import, .completed) }.count == count)
            let active = try await first.read { try $0.images(ImageFilter(statuses: [.active], limit: 999)).count }
            #expect(active == count)
        }
    }

    /// Claims and completes imports until there are none; several at once, as a worker does.
    private static func work(on catalog: ImageCatalog, as worker: String) async throws -> [JobID] {
        let result = TransferResult(content: CatalogSamples.content, source: SourceFacts(url: "https://h/"))
        let store: StoreName = CatalogSamples.id("default")
        var done: [JobID] = []
        while true {
            let claimed = try await catalog.claim(
                for: CatalogSamples.id(worker), slots: [.import: 4], lease: .seconds(60))
            if claimed.isEmpty { return done }
            try await withThrowingTaskGroup { group in
                for job in claimed {
                    group.addTask {
                        let transfer = try await catalog.beginTransfer(job.lease, to: store)
                        try await catalog.beginCommit(job.lease, of: transfer.id, with: result)
                        try await catalog.completeImport(
                            job.lease, result: result, replicas: [Replica(store: store, state: .available)])
                    }
                }
                try await group.waitForAll()
            }
            done += claimed.map(\.job.id)
        }
    }
}
