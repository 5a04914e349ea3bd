import Foundation
import TestSupport
import Testing

/// A RabbitMQ node of a test's own, which it may stop, kill and alarm.
final class BrokerNode: Sendable {
    /// Its `amqp://` URL, for an administrator.
    let url: String
    private let directory: String
    private let services: String

    private init(url: String, directory: String, services: String) {
        self.url = url
        self.directory = directory
        self.services = services
    }

    /// Starts a node; takes some seconds.
    static func start() async throws -> BrokerNode {
        let environment = ProcessInfo.processInfo.environment
        let parent = environment["LONGSHORE_TEST_NODES"] ?? FileManager.default.temporaryDirectory.path
        let directory = "\(parent)/longshore-node-\(UUID().uuidString.prefix(8).lowercased())"
        let services = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../scripts/services").standardizedFileURL.path
        try await run(services, "start", directory)
        let facts = try String(contentsOfFile: "\(directory)/env", encoding: .utf8).split(separator: "\n")
        let url = facts.compactMap { $0.wholeMatch(of: /LONGSHORE_TEST_BROKER=(.*)/)?.1 }.first
        return BrokerNode(url: String(try #require(url)), directory: directory, services: services)
    }

    /// Stops the node in order.
    func halt() async throws { try await Self.run(services, "halt", directory) }

    /// Ends the node with SIGKILL.
    func kill() async throws { try await Self.run(services, "kill", directory) }

    /// Starts it again with its data, on its port.
    func resume() async throws { try await Self.run(services, "resume", directory) }

    /// Runs `rabbitmqctl`.
    func control(_ arguments: String...) async throws { try await control(arguments) }

    /// Runs `rabbitmqctl`.
    func control(_ arguments: [String]) async throws {
        let program = try Program("\(directory)/rabbitmqctl", arguments, environment: Self.environment)
        let end = try await program.waitForEnd()
        #expect(end == .exited(0), "rabbitmqctl \(arguments): \(program.errors.entries)")
    }

    /// Stops the node and removes everything it kept.
    func end() async throws {
        try await Self.run(services, "stop", directory)
        try FileManager.default.removeItem(atPath: directory)
    }

    private static var environment: [String: String] {
        ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"]
    }

    private static func run(_ services: String, _ arguments: String...) async throws {
        let program = try Program(services, arguments, environment: environment)
        let end = try await program.waitForEnd()
        try #require(end == .exited(0), "scripts/services \(arguments): \(program.errors.entries)")
    }
}

/// Gives a suite a broker of its own: one for all its tests, which must run one after another.
struct OwnBroker: SuiteTrait, TestScoping {
    @TaskLocal private static var node: BrokerNode?

    /// The node of the suite that runs.
    static var current: BrokerNode {
        get throws { try #require(node, "the suite has no `.ownBroker`") }
    }

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let node = try await BrokerNode.start()
        let result: Result<Void, any Error>
        do { result = .success(try await Self.$node.withValue(node) { try await function() }) } catch {
            result = .failure(error)
        }
        try await node.end()
        try result.get()
    }
}

extension Trait where Self == OwnBroker {
    /// A broker for this suite alone.
    static var ownBroker: Self { OwnBroker() }
}
