import Foundation
import TestSupport
import Testing

/// A PostgreSQL server of a test's own, which it may stop and kill.
final class DatabaseNode: Sendable {
    /// Its URL, for a superuser.
    let url: String
    private let directory: String

    private init(url: String, directory: String) {
        self.url = url
        self.directory = directory
    }

    /// Lends a server; takes some seconds.
    static func with(_ body: (DatabaseNode) async throws -> Void) async throws {
        try await with(body) { try await Services.run("postgres", $0) }
    }

    /// Lends a server that follows this one, without which it commits nothing from now on.
    func withStandby(_ body: (DatabaseNode) async throws -> Void) async throws {
        try await Self.with(body) { [self] in try await Services.run("standby", $0, directory) }
    }

    private static func with(
        _ body: (DatabaseNode) async throws -> Void, _ start: (String) async throws -> Void
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        let parent = environment["LONGSHORE_TEST_NODES"] ?? FileManager.default.temporaryDirectory.path
        let directory = "\(parent)/longshore-node-\(UUID().uuidString.prefix(8).lowercased())"
        try await start(directory)
        let facts = try String(contentsOfFile: "\(directory)/env", encoding: .utf8).split(separator: "\n")
        let url = facts.compactMap { $0.wholeMatch(of: /LONGSHORE_TEST_POSTGRES=(.*)/)?.1 }.first
        let node = DatabaseNode(url: String(try #require(url)), directory: directory)
        let result: Result<Void, any Error>
        do { result = .success(try await body(node)) } catch { result = .failure(error) }
        try await Services.run("stop", directory)
        try FileManager.default.removeItem(atPath: directory)
        try result.get()
    }

    /// Stops the server in order, without waiting for its clients.
    func halt() async throws { try await Services.run("halt", directory, "postgres") }

    /// Ends the server with SIGKILL.
    func kill() async throws { try await Services.run("kill", directory, "postgres") }

    /// Makes a standby the server.
    func promote() async throws { try await Services.run("promote", directory) }

    /// Starts it again with its data, on its port.
    func resume() async throws { try await Services.run("resume", directory, "postgres") }
}

/// `scripts/services`.
enum Services {
    /// Runs one of its commands.
    static func run(_ arguments: String..., environment: [String: String] = [:]) async throws {
        let services = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../scripts/services").standardizedFileURL.path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let program = try Program(services, arguments, environment: environment.merging(["PATH": path]) { $1 })
        let end = try await program.waitForEnd()
        try #require(end == .exited(0), "scripts/services \(arguments): \(program.errors.entries)")
    }
}
