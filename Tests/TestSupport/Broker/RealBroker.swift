import Foundation
public import Testing

/// The RabbitMQ node that tests may use, from the environment:
///
/// - `LONGSHORE_TEST_BROKER`: its `amqp://` URL;
/// - `LONGSHORE_TEST_RABBITMQCTL`: a command, split at blanks, that runs `rabbitmqctl` against it;
/// - `LONGSHORE_TEST_BROKER_TLS`, `LONGSHORE_TEST_BROKER_TLS_DIR`: its `amqps://` URL, and a directory with `ca.pem`,
///   `client.pem` and `client.key`;
/// - `LONGSHORE_REQUIRE_SERVICES=1`: what is absent fails instead of being skipped.
public enum RealBroker {
    /// The broker's URL; nil when tests must do without.
    public static var url: String? { variable("LONGSHORE_TEST_BROKER") }
    /// The broker's URL for TLS.
    public static var tlsURL: String? { variable("LONGSHORE_TEST_BROKER_TLS") }
    /// Where the certificates are.
    public static var tlsDirectory: String? { variable("LONGSHORE_TEST_BROKER_TLS_DIR") }
    /// Whether absent services are failures.
    public static var isRequired: Bool { variable("LONGSHORE_REQUIRE_SERVICES") == "1" }

    /// The URL of another virtual host, or with another login, on the same node.
    public static func url(virtualHost: String? = nil, login: String? = nil) throws -> String {
        let text = try #require(url)
        var components = try #require(URLComponents(string: text))
        if let virtualHost { components.percentEncodedPath = "/\(virtualHost)" }
        if let login {
            let parts = login.split(separator: ":", maxSplits: 1)
            components.user = parts.first.map(String.init)
            components.password = parts.last.map(String.init)
        }
        return try #require(components.string)
    }

    /// Runs `rabbitmqctl` against the node.
    ///
    /// - Returns: What it printed.
    /// - Throws: When it fails.
    @discardableResult
    public static func control(_ arguments: String...) async throws -> String {
        let prefix = try #require(variable("LONGSHORE_TEST_RABBITMQCTL")).split(separator: " ").map(String.init)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = prefix + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        guard status == 0 else { throw ControlFailure(arguments: arguments, output: text) }
        return text
    }

    /// `rabbitmqctl` failed.
    public struct ControlFailure: Error {
        /// What was asked.
        public let arguments: [String]
        /// What it printed.
        public let output: String
    }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test when there is no broker, unless services are required.
    public static var needsBroker: Self {
        .enabled(
            if: RealBroker.url != nil || RealBroker.isRequired,
            "LONGSHORE_TEST_BROKER is not set"
        )
    }

    /// Skips the test when there is no broker with TLS, unless services are required.
    public static var needsBrokerTLS: Self {
        .enabled(
            if: (RealBroker.tlsURL != nil && RealBroker.tlsDirectory != nil) || RealBroker.isRequired,
            "LONGSHORE_TEST_BROKER_TLS and LONGSHORE_TEST_BROKER_TLS_DIR are not set"
        )
    }

    /// Skips the test when the broker cannot be steered, unless services are required.
    public static var needsBrokerControl: Self {
        .enabled(
            if: (RealBroker.url != nil && ProcessInfo.processInfo.environment["LONGSHORE_TEST_RABBITMQCTL"] != nil)
                || RealBroker.isRequired,
            "LONGSHORE_TEST_RABBITMQCTL is not set"
        )
    }
}
