import Foundation
public import Testing

/// The PostgreSQL server that tests may use, from the environment:
///
/// - `LONGSHORE_TEST_POSTGRES`: the connection URI of a user who may make schemas and roles;
/// - `LONGSHORE_REQUIRE_SERVICES=1`: what is absent fails instead of being skipped.
public enum RealPostgreSQL {
    /// The connection URI; nil when tests must do without.
    public static var url: String? {
        ProcessInfo.processInfo.environment["LONGSHORE_TEST_POSTGRES"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The connection URI; throws when there is none.
    public static func requiredURL() throws -> String { try #require(url) }

    /// The same with one schema to look into.
    public static func url(schema: String) throws -> String {
        let url = try requiredURL()
        return url + (url.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test when there is no PostgreSQL, unless services are required.
    public static var needsPostgreSQL: Self {
        .enabled(
            if: RealPostgreSQL.url != nil || ProcessInfo.processInfo.environment["LONGSHORE_REQUIRE_SERVICES"] == "1",
            "LONGSHORE_TEST_POSTGRES is not set"
        )
    }
}

extension RealPostgreSQL {
    /// The same server by another way, or as somebody else.
    public static func url(
        _ url: String, host: String? = nil, port: UInt16? = nil, login: (user: String, password: String)? = nil,
        adding query: [String: String] = [:]
    ) throws -> String {
        var components = try #require(URLComponents(string: url))
        if let host { components.host = host }
        if let port { components.port = Int(port) }
        if let login {
            components.user = login.user
            components.password = login.password
        }
        for (name, value) in query.sorted(by: { $0.key < $1.key }) {
            components.queryItems = (components.queryItems ?? []) + [URLQueryItem(name: name, value: value)]
        }
        return try #require(components.string)
    }

    /// The port of a URL.
    public static func port(of url: String) throws -> UInt16 {
        try #require(URLComponents(string: url)?.port.flatMap(UInt16.init(exactly:)))
    }
}
