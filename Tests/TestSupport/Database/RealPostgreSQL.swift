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

    /// The same with one schema to look into.
    public static func url(schema: String) throws -> String {
        let url = try #require(url)
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
