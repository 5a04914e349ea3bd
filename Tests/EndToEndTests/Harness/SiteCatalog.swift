import Catalog
import Foundation
import PostgreSQLCatalog
import SQLiteCatalog
import TestSupport
import Testing

/// Where a site keeps its catalog.
enum SiteCatalog: Sendable {
    /// In a SQLite file of its own.
    case file
    /// In a schema of its own on the PostgreSQL server with this URL.
    case server(String)

    /// What `LONGSHORE_TEST_CATALOG` says, `postgres` or nothing, for tests to which it is all the same.
    static func chosen() throws -> Self {
        guard ProcessInfo.processInfo.environment["LONGSHORE_TEST_CATALOG"] == "postgres" else { return .file }
        return .server(try #require(RealPostgreSQL.url))
    }

    /// The URL of the catalog of a site.
    func url(path: String, schema: String) throws -> String {
        switch self {
        case .file: "sqlite://\(path)"
        case .server(let url): try RealPostgreSQL.url(url, adding: ["options": "-csearch_path=\(schema)"])
        }
    }

    /// Opens the catalog of a site.
    func open(path: String, schema: String) throws -> any CatalogDatabase {
        guard case .server = self else { return try SQLiteCatalogDatabase(path: path) }
        return try PostgreSQLCatalogDatabase(url: try url(path: path, schema: schema))
    }

    func prepare(schema: String) async throws {
        guard case .server(let url) = self else { return }
        try await RealPostgreSQL.execute("CREATE SCHEMA \(schema)", url: url)
    }

    func remove(schema: String) async throws {
        guard case .server(let url) = self else { return }
        try await RealPostgreSQL.execute("SET client_min_messages = error; DROP SCHEMA \(schema) CASCADE", url: url)
    }
}

extension RealPostgreSQL {
    /// Runs statements as the user of the URL, with psql.
    static func execute(_ sql: String, url: String) async throws {
        let program = try Program(
            "/usr/bin/env", ["psql", "--quiet", "--set=ON_ERROR_STOP=1", "--command", sql, url],
            environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"])
        let end = try await program.waitForEnd()
        try #require(end == .exited(0), "psql: \(program.errors.entries)")
    }
}

extension Site {
    /// Lets another process hold the lock of the catalog, which must be a file, until that process is destroyed: nobody can
    /// write meanwhile.
    func lockCatalog() async throws -> Program {
        let program = try Program(
            "/usr/bin/python3", ["-c", Self.holder, catalogPath], environment: ["PATH": "/usr/bin:/bin"])
        try await program.output.wait(for: "the lock") { !$0.isEmpty }
        return program
    }

    private static let holder = """
        import sqlite3, sys, time
        catalog = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
        catalog.execute("BEGIN EXCLUSIVE")
        print("held", flush=True)
        time.sleep(600)
        """
}
