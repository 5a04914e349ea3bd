import Catalog
import Foundation
import ImageModel
import PostgreSQLCatalog
import TestSupport
import Testing

@Suite("A PostgreSQL that cannot be used", .needsPostgreSQL)
struct PostgreSQLAccessTests {
    private func refusal(_ url: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) -> CatalogError? {
        #expect(throws: CatalogError.self, sourceLocation: sourceLocation) {
            _ = try PostgreSQLCatalogDatabase(url: url)
        }
    }

    @Test("is named when nobody listens, without the password")
    func nobodyListens() throws {
        let proxy = try Proxy(to: 9, framed: false)
        let url = "postgresql://kim:S3CRET@127.0.0.1:\(proxy.port)/images?connect_timeout=2"
        withExtendedLifetime(proxy) {
            let error = refusal(url)
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("127.0.0.1:\(proxy.port)/images") == true)
            #expect(error?.message.contains("S3CRET") == false)
        }
    }

    @Test("says that the password is wrong, and not what it was")
    func wrongPassword() throws {
        let url = try RealPostgreSQL.url(try #require(RealPostgreSQL.url), login: ("longshore", "S3CRET"))
        let error = refusal(url)
        #expect(error?.message.contains("password authentication failed") == true)
        #expect(error?.message.contains("S3CRET") == false)
    }

    @Test(
        "is refused without repeating it when the URL is none",
        arguments: ["postgresql://kim:S3CRET@[::1/x", "postgresql://kim:S3CRET@host/x?no_such_option=1"])
    func badURL(url: String) {
        let error = refusal(url)
        #expect(error?.code == .unusable)
        #expect(error?.message.contains("S3CRET") == false)
    }

    @Test("is refused when its certificate is not by the authority that the URL names")
    func certificates() async throws {
        let authority = try #require(ProcessInfo.processInfo.environment["LONGSHORE_TEST_POSTGRES_CA"])
        let stranger = URL(fileURLWithPath: authority).deletingLastPathComponent().appending(path: "stranger.pem").path
        try await withTemporarySchema { url in
            func verified(by root: String) throws -> String {
                try RealPostgreSQL.url(url, adding: ["sslmode": "verify-full", "sslrootcert": root])
            }
            _ = try PostgreSQLCatalogDatabase(url: try verified(by: authority))
            #expect(refusal(try verified(by: stranger))?.message.contains("certificate verify failed") == true)
        }
    }

    @Test("names the rights that are missing")
    func rights() async throws {
        try await withTemporarySchema { url in
            let role = "r\(UUID().uuidString.prefix(8).lowercased())"
            try administer("CREATE ROLE \(role) LOGIN PASSWORD 'pass'", url)
            defer { _ = try? administer("DROP OWNED BY \(role); DROP ROLE \(role)", url) }
            let schema = try #require(url.split(separator: "%3D").last)
            try administer("GRANT USAGE ON SCHEMA \(schema) TO \(role)", url)
            let theirs = try RealPostgreSQL.url(url, login: (role, "pass"))
            let error = refusal(theirs)
            #expect(error?.code == .unusable)
            #expect(error?.message.contains("rights") == true, "\(String(describing: error))")
            try administer("GRANT CREATE ON SCHEMA \(schema) TO \(role)", url)
            _ = try PostgreSQLCatalogDatabase(url: theirs)
        }
    }

    @Test("is refused when its schema is not there")
    func noSchema() throws {
        #expect(refusal(try RealPostgreSQL.url(schema: "nowhere"))?.code == .unusable)
    }
}
