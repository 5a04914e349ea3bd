import Foundation
import TestSupport

@testable import PostgreSQLCatalog

/// Lends the URL of a schema of its own, which is removed afterwards.
func withTemporarySchema<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let schema = "t\(UUID().uuidString.prefix(8).lowercased())"
    let url = try RealPostgreSQL.url(schema: schema)
    try administer("CREATE SCHEMA \(schema)", url)
    defer { _ = try? administer("DROP SCHEMA \(schema) CASCADE", url) }
    return try await body(url)
}

/// Runs statements as the user of the URL.
@discardableResult
func administer(_ sql: String, _ url: String) throws -> Answer {
    let session = Session(try ConnectionAddress(url), name: "test")
    try session.open()
    return try session.execute(sql)
}
