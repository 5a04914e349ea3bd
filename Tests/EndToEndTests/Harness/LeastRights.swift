import Foundation
import TestSupport
import Testing

/// A broker and a database set up as `deploy` says: a user for each role, with the rights of that role.
struct LeastRights {
    let site: Site
    let node: BrokerNode
    let database: DatabaseNode
    private let folder: String

    private static let password = "only-for-this-test"
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../..").standardizedFileURL.path

    /// Makes users and roles.
    init(_ site: Site, _ node: BrokerNode, _ database: DatabaseNode, publisherKinds: String) async throws {
        self.site = site
        self.node = node
        self.database = database
        folder = "\(site.directory)/passwords"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        for role in ["worker", "operator", "publisher", "watcher", "autoscaler"] {
            try Data((Self.password + "\n").utf8).write(to: URL(fileURLWithPath: "\(folder)/\(role)"))
        }
        let made = try Program(
            "\(Self.root)/deploy/rabbitmq/make-definitions",
            ["--passwords", folder, "--prefix", site.prefix, "--rabbitmq=3", "--publisher-kinds", publisherKinds],
            environment: ["PATH": Self.path])
        try #require(try await made.waitForEnd() == .exited(0), "\(made.errors.entries)")
        let definitions = "\(site.directory)/definitions.json"
        try Data(made.output.entries.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: definitions))
        try await node.control("import_definitions", definitions)
        try await applyRoles()
        let passwords = ["owner", "worker", "autoscaler"].map {
            "ALTER ROLE longshore_\($0) PASSWORD '\(Self.password)'"
        }
        try await RealPostgreSQL.execute(passwords.joined(separator: "; "), url: database.url)
    }

    /// Makes the roles in the database, or brings them up to date.
    func applyRoles() async throws {
        let program = try Program(
            "/usr/bin/env",
            [
                "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--set=schema=\(site.schema)",
                "--file=\(Self.root)/deploy/postgresql/roles.sql", database.url,
            ], environment: ["PATH": Self.path])
        try #require(try await program.waitForEnd() == .exited(0), "roles.sql: \(program.errors.entries)")
    }

    /// The settings of a program that is somebody on the broker and in the database.
    func settings(broker user: String, catalog role: String) throws -> [String: String] {
        ["broker.url": brokerURL(user), "catalog.url": try databaseURL(role)]
    }

    func brokerURL(_ role: String) -> String {
        node.url.replacingOccurrences(of: "guest:guest@", with: "\(site.prefix)-\(role):\(Self.password)@")
    }

    func databaseURL(_ role: String) throws -> String {
        try RealPostgreSQL.url(database.url, login: ("longshore_\(role)", Self.password))
    }

    /// Whether a role of the database may do something.
    func may(_ role: String, _ sql: String) async throws -> Bool {
        let program = try Program(
            "/usr/bin/env",
            ["psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--command", sql, try databaseURL(role)],
            environment: ["PATH": Self.path])
        let isDone = try await program.waitForEnd() == .exited(0)
        #expect(isDone || program.errors.entries.contains { $0.contains("denied") }, "\(program.errors.entries)")
        return isDone
    }

    private static var path: String {
        ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
    }
}
