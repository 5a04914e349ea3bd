import Catalog
import Foundation
import GRDB
import ImageModel
import TestSupport
import Testing

@testable import SQLiteCatalog

@Suite("The file of the catalog")
struct SQLiteFileTests {
    @Test("is in WAL mode with synchronous=FULL, on the connection that writes")
    func durability() async throws {
        try await withTemporaryCatalog { path in
            let database = try SQLiteCatalogDatabase(path: path)
            let settings = try await database.write { rows in
                let rows = try #require(rows as? SQLiteRows)
                let mode: String? = try rows.one("PRAGMA journal_mode", [])
                let synchronous: Int? = try rows.one("PRAGMA synchronous", [])
                let foreignKeys: Int? = try rows.one("PRAGMA foreign_keys", [])
                return "\(mode ?? "") \(synchronous ?? -1) \(foreignKeys ?? -1)"
            }
            #expect(settings == "wal 2 1")
        }
    }

    @Test("holds no trace of a wiped secret once it is closed, neither in itself nor in its log")
    func wipesSecrets() async throws {
        try await withTemporaryCatalog { path in
            let canary = "CANARY-51c2"
            let database = try SQLiteCatalogDatabase(path: path)
            let job = CatalogSamples.job("job-1", CatalogSamples.importWork())
            try await database.write { rows in
                try rows.insert(CatalogSamples.image("image-1"))
                try rows.insert(job, JobAdmission(canonicalForm: "{}", sourceQuery: canary))
            }
            try await database.write { try $0.setSourceQuery(nil, of: job.id) }
            await database.close()
            let directory = URL(filePath: path).deletingLastPathComponent()
            let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            #expect(!files.isEmpty)
            for file in files {
                #expect(try Data(contentsOf: file).range(of: Data(canary.utf8)) == nil, "\(file.lastPathComponent)")
            }
        }
    }

    @Test("holds every transaction that has returned, though its process may end without a word")
    func survivesTheProcess() async throws {
        try await withTemporaryCatalog { path in
            let database = try SQLiteCatalogDatabase(path: path)
            try await database.write { try $0.insert(CatalogSamples.image("a")) }
            try await database.write { try $0.insert(CatalogSamples.image("b")) }
            // What a killed process leaves behind is what stands in its files while it runs.
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: path + ".copy" + suffix)
            }
            let images = try await SQLiteCatalogDatabase(path: path + ".copy").read { try $0.images(ImageFilter()) }
            #expect(images.map(\.id.rawValue) == ["b", "a"])
        }
    }

    @Test("comes into being with its directories, and keeps its id")
    func missingDirectory() async throws {
        try await withTemporaryCatalog { path in
            let deep = path + ".d/a/b/catalog.db"
            let first = try await SQLiteCatalogDatabase(path: deep).read { try $0.catalogID() }
            let second = try await SQLiteCatalogDatabase(path: deep).read { try $0.catalogID() }
            #expect(first == second)
        }
    }

    @Test("is made once, however many open it at the same moment", .timeLimit(.minutes(10)))
    func concurrentMigrations() async throws {
        try await withTemporaryCatalog { path in
            let ids = try await withThrowingTaskGroup(of: CatalogID.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await SQLiteCatalogDatabase(path: path).read { try $0.catalogID() } }
                }
                return try await group.reduce(into: Set<CatalogID>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
        }
    }

    @Test("is refused when it needs a newer program, and taken when it is merely newer")
    func newerSchema() async throws {
        try await withTemporaryCatalog { path in
            _ = try SQLiteCatalogDatabase(path: path)
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "PRAGMA user_version = 99") }
            _ = try SQLiteCatalogDatabase(path: path)
            try await queue.write { try $0.execute(sql: "UPDATE catalog SET min_reader = 98") }
            let error = #expect(throws: CatalogError(.unusable, "")) { _ = try SQLiteCatalogDatabase(path: path) }
            #expect(error?.message.contains("98") == true)
        }
    }

    @Test("is left as it is by those who only look, and who are told what a worker has yet to do")
    func looking() async throws {
        try await withTemporaryCatalog { path in
            let none = #expect(throws: CatalogError(.notReady, "")) { _ = try SQLiteCatalogDatabase(existing: path) }
            #expect(none?.message.contains("there is no catalog yet") == true)
            #expect(!FileManager.default.fileExists(atPath: path))
            let id = try await SQLiteCatalogDatabase(path: path).read { try $0.catalogID() }
            let looked = try SQLiteCatalogDatabase(existing: path)
            #expect(try await looked.read { try $0.catalogID() } == id)
            await #expect(throws: CatalogError.self) {
                try await looked.write { try $0.insert(CatalogSamples.image()) }
            }
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "DROP TABLE host_clock; PRAGMA user_version = 9") }
            let old = #expect(throws: CatalogError(.notReady, "")) { _ = try SQLiteCatalogDatabase(existing: path) }
            #expect(old?.message.contains("schema 9, this version needs") == true)
            #expect(try await queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 9)
            #expect(try await SQLiteCatalogDatabase(path: path).read { try $0.catalogID() } == id)
        }
    }

    @Test("is brought up to date while an older worker goes on")
    func olderWorker() async throws {
        try await withTemporaryCatalog { path in
            let older = try SQLiteCatalogDatabase(path: path)
            let queue = try DatabaseQueue(path: path)
            try await queue.write { database in
                try database.execute(
                    sql: "DROP INDEX images_by_status; DROP INDEX jobs_of_target; PRAGMA user_version = 10")
            }
            try await older.write { try $0.insert(CatalogSamples.image("a")) }
            let newer = try SQLiteCatalogDatabase(path: path)
            try await older.write { try $0.insert(CatalogSamples.image("b")) }
            let active = ImageFilter(statuses: [CatalogSamples.image("b").status])
            #expect(try await newer.read { try $0.images(active).map(\.id.rawValue) } == ["b", "a"])
            #expect(try await older.read { try $0.images(active).map(\.id.rawValue) } == ["b", "a"])
        }
    }

    @Test("leaves a job that needs a newer program to one")
    func laterJob() async throws {
        try await withTemporaryCatalog { path in
            let database = try SQLiteCatalogDatabase(path: path)
            let file = try DatabaseQueue(path: path)
            let catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1))
            let request = JobRequest(id: CatalogSamples.id("job-1"), work: CatalogSamples.works[1])
            _ = try await catalog.accept([
                .submission(
                    JobSubmission(request: request, canonicalForm: "{}"),
                    original: DeadLetter(body: [], routingKey: "import"))
            ])
            for (version, count) in [(Job.newestVersion + 1, 0), (Job.newestVersion, 1)] {
                try await file.write { try $0.execute(sql: "UPDATE jobs SET version = \(version)") }
                let claimed = try await catalog.claim(
                    for: CatalogSamples.id("w"), slots: [.import: 4], lease: .seconds(60)
                ).jobs
                #expect(claimed.count == count)
            }
        }
    }

    @Test("is refused by name when it is no database")
    func noDatabase() async throws {
        try await withTemporaryCatalog { path in
            try Data(repeating: 0x41, count: 8_192).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: CatalogError(.unusable, "")) { _ = try SQLiteCatalogDatabase(path: path) }
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("is refused by name when it is another program's database")
    func otherDatabase() async throws {
        try await withTemporaryCatalog { path in
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "CREATE TABLE images (id TEXT)") }
            #expect(throws: CatalogError(.unusable, "")) { _ = try SQLiteCatalogDatabase(existing: path) }
            #expect(try await queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "delete")
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let error = #expect(throws: CatalogError(.unusable, "")) { _ = try SQLiteCatalogDatabase(path: path) }
            #expect(error?.message.contains(path) == true)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before, "it is left as it was")
            #expect(try await queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "delete")
        }
    }

    @Test("is named in the error when it or its directory cannot be used")
    func unreadable() async throws {
        try await withTemporaryCatalog { path in
            try Data().write(to: URL(fileURLWithPath: path + ".file"))
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for bad in [path, path + ".file/catalog.db"] {
                let error = #expect(throws: CatalogError.self) { _ = try SQLiteCatalogDatabase(path: bad) }
                #expect(error?.message.contains(bad) == true, "\(String(describing: error))")
            }
        }
    }

    @Test("keeps a dead letter's bytes no longer than they are needed")
    func deadLetters() async throws {
        try await withTemporaryCatalog { path in
            let database = try SQLiteCatalogDatabase(path: path)
            let letter = DeadLetter(body: Array("sig=S3CRET".utf8), routingKey: "import")
            try await database.write {
                try $0.append(OutboxEntry(event: CatalogSamples.event("e-1"), destination: .deadLetter(letter)))
            }
            let numbers = try await database.read { try $0.unpublished(limit: 9).map(\.number) }
            try await database.write { try $0.markPublished(numbers, unrouted: []) }
            let left = try await database.read { rows in
                let count: Int? = try (rows as? SQLiteRows)?.one("SELECT count(*) FROM outbox", [])
                return count
            }
            #expect(left == 0)
        }
    }
}
