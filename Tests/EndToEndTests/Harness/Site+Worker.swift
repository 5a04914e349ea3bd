import Foundation
import Testing

extension Site {
    /// Starts a worker.
    func startWorker(_ overrides: [String: String] = [:], under system: FaultySystem? = nil) throws -> Program {
        try start(["worker"], overrides, under: system)
    }

    /// Starts a worker and waits until it is connected for all its directions.
    func startReadyWorker(
        _ overrides: [String: String] = [:], directions: Int = 2, under system: FaultySystem? = nil
    ) async throws -> Program {
        let worker = try startWorker(overrides, under: system)
        try await worker.errors.wait(for: "a connected worker") { lines in
            // One for the topology, one to consume, one to publish.
            lines.connections == 1 + directions
        }
        return worker
    }

    /// Lets a worker drain; after that all it had to say was said.
    func stop(_ worker: Program, limit: Duration = .patience) async throws {
        worker.signal(SIGTERM)
        let end = try await worker.waitForEnd(limit: limit)
        #expect(end == .exited(0), "\(worker.errors.entries.suffix(30).joined(separator: "\n"))")
    }

    /// Runs a command to its end.
    func run(
        _ arguments: String..., input: [UInt8] = [], overrides: [String: String] = [:]
    ) async throws -> CommandResult {
        let program = try start(arguments, overrides, input: input)
        let end = try await program.waitForEnd()
        return CommandResult(end: end, output: program.output.entries, errors: program.errors.entries)
    }
}

/// What a command did.
struct CommandResult: Sendable {
    let end: Program.End
    let output: [String]
    let errors: [String]

    /// The last line of the output as JSON; null when it is none.
    var json: JSON { output.last.flatMap { try? JSON(parsing: $0.utf8) } ?? .null }
}

extension Site {
    /// What a health port answers with JSON.
    func get(_ url: String) async throws -> (status: Int, body: JSON) {
        let (status, lines) = try await lines(of: url)
        return (status, lines.first.flatMap { try? JSON(parsing: $0.utf8) } ?? .null)
    }

    /// What a health port answers, by lines.
    func lines(of url: String) async throws -> (status: Int, lines: [String]) {
        let program = try Program(
            "/usr/bin/python3", ["-c", Self.fetcher, url], environment: ["PATH": "/usr/bin:/bin"])
        _ = try await program.waitForEnd()
        let lines = program.output.entries
        let status = try #require(lines.first.flatMap { Int($0) }, "\(program.errors.entries)")
        return (status, Array(lines.dropFirst()))
    }

    private static let fetcher = """
        import sys, urllib.request, urllib.error
        try:
            answer = urllib.request.urlopen(sys.argv[1], timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        print(answer.status)
        print(answer.read().decode())
        """
}

extension [String] {
    /// How often a worker's log tells that a connection to the broker stands, apart from those for repairs.
    var connections: Int { count { $0.contains("connected to the broker") && !$0.contains("longshore topology") } }
}
