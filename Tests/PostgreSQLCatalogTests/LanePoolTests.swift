import Catalog
import ImageModel
import Synchronization
import TestSupport
import Testing

@testable import PostgreSQLCatalog

@Suite("Lanes that the system has no threads for", .timeLimit(.minutes(5)))
struct LanePoolTests {
    /// Goal: each caller is answered once. Method: four threads submit at once while every second thread cannot be had.
    @Test("What is taken is done once, and what is refused never, however many come while there is no thread")
    func noThreads() async throws {
        let address = try ConnectionAddress("postgresql://127.0.0.1:9/none")
        for _ in 0..<50 {
            let tally = Tally()
            let pool = LanePool(
                limit: 2,
                spawn: { body in
                    guard tally.asked.add(1, ordering: .relaxed).newValue.isMultiple(of: 2) else { return false }
                    return spawnThread(named: "test-lane", body)
                }, makeSession: { Session(address, name: "test") })
            let taken = await withTaskGroup(of: Int?.self) { group in
                for number in 0..<8 {
                    group.addTask { @concurrent in
                        pool.submit { _ in tally.done.withLock { $0.append(number) } } ? number : nil
                    }
                }
                return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
            }
            await pool.close()
            #expect(tally.done.withLock { $0.sorted() } == taken.sorted())
        }
    }
}

private final class Tally: Sendable {
    /// How many threads were asked for.
    let asked = Atomic(0)
    let done = Mutex<[Int]>([])
}

@Suite("What connections leave in PostgreSQL", .needsPostgreSQL, .timeLimit(.minutes(5)))
struct CommitMarkTests {
    @Test("A connection that ends takes the mark of its last commit along")
    func removal() async throws {
        try await withTemporarySchema { url in
            let database = try PostgreSQLCatalogDatabase(url: url)
            try await database.write {
                _ = try $0.recordIdentity(StoreIdentity("x"), ofStore: #require(StoreName("s")))
            }
            #expect(try administer("SELECT 1 FROM commit_marks", url).rows.count == 1)
            await database.close()
            #expect(try administer("SELECT 1 FROM commit_marks", url).rows.isEmpty)
        }
    }
}
