import Catalog
import Dispatch
import ImageModel
import Synchronization
import TestSupport
import Testing

@testable import PostgreSQLCatalog

@Suite("PostgreSQL behind a faulty network", .needsPostgreSQL)
struct PostgreSQLFaultTests {
    /// A writer that stops within its first run, so that a fault can be made there.
    private final class PausingWriter: Sendable {
        private let runs = Mutex(0)
        private let goOn = DispatchSemaphore(value: 0)
        private let (reached, arrival) = AsyncStream.makeStream(of: Void.self)

        var runCount: Int { runs.withLock { $0 } }

        func write(to database: PostgreSQLCatalogDatabase) async throws -> Int64 {
            try await database.write { rows in
                let number = try rows.nextSequence(of: CatalogSamples.id("image-1"))
                let isFirst = self.runs.withLock { runs in
                    runs += 1
                    return runs == 1
                }
                if isFirst {
                    // However long a loaded machine takes to make the fault, the server must not end this session for it.
                    let session = try #require(rows as? PostgreSQLRows).session
                    try session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                    self.arrival.yield()
                    self.goOn.wait()
                }
                return number
            }
        }

        func waitUntilReached() async {
            for await _ in reached { return }
        }

        func resume() { goOn.signal() }
    }

    /// A database behind a proxy, one beside it, and a writer that was stopped before its commit.
    private func withStoppedWriter(
        _ body: (Proxy, PostgreSQLCatalogDatabase, PausingWriter) async throws -> Void
    ) async throws -> (number: Int64, runs: Int, next: Int64) {
        try await withTemporarySchema { url in
            let direct = try PostgreSQLCatalogDatabase(url: url)
            let proxy = try Proxy(to: try RealPostgreSQL.port(of: url), framed: false)
            let behind = try PostgreSQLCatalogDatabase(url: try RealPostgreSQL.url(url, port: proxy.port))
            let writer = PausingWriter()
            async let number = writer.write(to: behind)
            await writer.waitUntilReached()
            try await body(proxy, direct, writer)
            let written = try await number
            let next = try await direct.write { try $0.nextSequence(of: CatalogSamples.id("image-1")) }
            return (written, writer.runCount, next)
        }
    }

    @Test("A commit whose answer was lost is found to be done, and not done again", .timeLimit(.minutes(10)))
    func lostAnswer() async throws {
        let outcome = try await withStoppedWriter { proxy, direct, writer in
            await proxy.set(.silent(.toClient))
            writer.resume()
            // Waits for the row that the other transaction holds until it has ended.
            let number = try await direct.write { try $0.nextSequence(of: CatalogSamples.id("image-1")) }
            #expect(number == 2)
            await proxy.reset()
            await proxy.set(.clear)
        }
        #expect(outcome == (1, 1, 3))
    }

    @Test("A commit that never arrived is found not to be done, and the body is run again", .timeLimit(.minutes(10)))
    func lostCommit() async throws {
        let outcome = try await withStoppedWriter { proxy, _, writer in
            await proxy.set(.silent(.toServer))
            writer.resume()
            await proxy.reset()
            await proxy.set(.clear)
        }
        #expect(outcome == (1, 2, 2))
    }

    @Test(
        "A connection that is cut within a transaction costs another run, and nothing is written twice",
        .timeLimit(.minutes(10)))
    func cutWithin() async throws {
        let outcome = try await withStoppedWriter { proxy, _, writer in
            await proxy.reset()
            writer.resume()
        }
        #expect(outcome == (1, 2, 2))
    }

    @Test("A commit that is still on its way when its fate was asked for is not done any more")
    func lateCommit() async throws {
        try await withTemporarySchema { url in
            _ = try PostgreSQLCatalogDatabase(url: url)
            let late = Session(try ConnectionAddress(url), name: "late")
            try late.open()
            try late.execute("BEGIN; INSERT INTO sequences (image, last) VALUES ('image-1', 1)")
            let mark = CommitMark(session: late.name, number: late.nextMark())
            #expect(try administer(mark.question, url).affected == 1)
            let error = #expect(throws: ServerError.self) { try late.execute("\(mark.statement); COMMIT") }
            #expect(error?.state == "23505")
            try late.execute("ROLLBACK")
            #expect(try administer("SELECT 1 FROM sequences", url).rows.isEmpty)
            #expect(try administer(mark.question, url).affected == 0)
        }
    }

    @Test("Writers that lock the same rows in opposite order both come to their end", .timeLimit(.minutes(10)))
    func deadlock() async throws {
        try await withTemporarySchema { url in
            let database = try PostgreSQLCatalogDatabase(url: url)
            try await database.write { rows in
                for id in ["a", "b"] { try rows.insert(CatalogSamples.bareImage(id)) }
            }
            let meeting = Meeting(of: 2)
            try await withThrowingTaskGroup { group in
                for order in [["a", "b"], ["b", "a"]] {
                    group.addTask {
                        let isFirst = Mutex(true)
                        try await database.write { rows in
                            for id in order {
                                guard var image = try rows.image(CatalogSamples.id(id)) else { return }
                                image.revision += 1
                                try rows.update(image)
                                let mustMeet = isFirst.withLock { isFirst in
                                    defer { isFirst = false }
                                    return isFirst
                                }
                                if mustMeet { meeting.attend() }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let revisions = try await database.read { try $0.images(ImageFilter()).map(\.revision) }
            #expect(revisions == [3, 3])
        }
    }

    /// Where threads wait for each other.
    private final class Meeting: Sendable {
        private let missing: Mutex<Int>
        private let begin = DispatchSemaphore(value: 0)
        private let size: Int

        init(of size: Int) {
            self.size = size
            missing = Mutex(size)
        }

        func attend() {
            let isLast = missing.withLock { missing in
                missing -= 1
                return missing == 0
            }
            if isLast { for _ in 1..<size { begin.signal() } } else { begin.wait() }
        }
    }

    /// Goal: a server that hangs takes no worker along. Method: a proxy that keeps the connection and swallows everything, which
    /// no time limit of TCP or of the server notices.
    @Test("A call that is never answered ends, and its connection with it", .timeLimit(.minutes(10)))
    func neverAnswered() async throws {
        let url = try #require(RealPostgreSQL.url)
        let proxy = try Proxy(to: try RealPostgreSQL.port(of: url), framed: false)
        let address = try ConnectionAddress(try RealPostgreSQL.url(url, port: proxy.port))
        let swallowed = Session(address, name: "test", patience: 500_000)
        try swallowed.open()
        await proxy.set(.blackhole)
        let error = #expect(throws: ServerError.self) { try swallowed.execute("SELECT 1") }
        #expect(error?.isConnectionLost == true && !swallowed.isOpen)
        await proxy.set(.clear)
        try swallowed.open()
        #expect(try swallowed.execute("SELECT 1; SELECT generate_series(1, 3)").rows.count == 3)
    }
}
