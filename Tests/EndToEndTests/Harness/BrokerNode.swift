import Foundation
import TestSupport
import Testing

/// A RabbitMQ node of a test's own, which it may stop, kill and alarm.
final class BrokerNode: Sendable {
    /// Its `amqp://` URL, for an administrator.
    let url: String
    private let directory: String

    private init(url: String, directory: String) {
        self.url = url
        self.directory = directory
    }

    /// Starts a node; takes some seconds.
    ///
    /// - Parameter system: What stands before the C library in the node's process.
    static func start(under system: FaultySystem? = nil) async throws -> BrokerNode {
        let environment = ProcessInfo.processInfo.environment
        let parent = environment["LONGSHORE_TEST_NODES"] ?? FileManager.default.temporaryDirectory.path
        let directory = "\(parent)/longshore-node-\(UUID().uuidString.prefix(8).lowercased())"
        try await Services.run("start", directory, environment: system?.environment ?? [:])
        let facts = try String(contentsOfFile: "\(directory)/env", encoding: .utf8).split(separator: "\n")
        let url = facts.compactMap { $0.wholeMatch(of: /LONGSHORE_TEST_BROKER=(.*)/)?.1 }.first
        return BrokerNode(url: String(try #require(url)), directory: directory)
    }

    /// Lends a node.
    static func with(under system: FaultySystem? = nil, _ body: (BrokerNode) async throws -> Void) async throws {
        let node = try await start(under: system)
        let result: Result<Void, any Error>
        do { result = .success(try await body(node)) } catch { result = .failure(error) }
        try await node.end()
        try result.get()
    }

    /// Stops the node in order.
    func halt() async throws { try await Services.run("halt", directory) }

    /// Ends the node with SIGKILL.
    func kill() async throws { try await Services.run("kill", directory) }

    /// Starts it again with its data, on its port.
    func resume() async throws { try await Services.run("resume", directory) }

    /// Runs `rabbitmqctl`.
    ///
    /// - Returns: The lines that it wrote.
    @discardableResult
    func control(_ arguments: String...) async throws -> [String] { try await control(arguments) }

    /// Runs `rabbitmqctl`.
    ///
    /// - Returns: The lines that it wrote.
    @discardableResult
    func control(_ arguments: [String]) async throws -> [String] {
        let program = try Program("\(directory)/rabbitmqctl", arguments, environment: Self.environment)
        let end = try await program.waitForEnd()
        #expect(end == .exited(0), "rabbitmqctl \(arguments): \(program.errors.entries)")
        return program.output.entries
    }

    /// Stops the node and removes everything it kept.
    func end() async throws {
        try await Services.run("stop", directory)
        try FileManager.default.removeItem(atPath: directory)
    }

    private static var environment: [String: String] {
        ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"]
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
        try await BrokerNode.with { node in
            try await Self.$node.withValue(node) { try await function() }
        }
    }
}

extension Trait where Self == OwnBroker {
    /// A broker for this suite alone.
    static var ownBroker: Self { OwnBroker() }
}
