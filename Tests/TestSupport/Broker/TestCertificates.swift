import Foundation
import Testing

/// A certificate authority and a server certificate, made by `openssl` in a temporary directory.
public struct TestCertificates: Sendable {
    private let directory: URL

    /// Makes `ca.pem`, `server.pem` and `server.key`.
    ///
    /// - Parameter serverName: The only DNS name in the server's certificate.
    public init(serverName: String = "localhost") throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Self.openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test CA",
            "-keyout", path("ca.key"), "-out", path("ca.pem")
        )
        try Self.openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(serverName)",
            "-keyout", path("server.key"), "-out", path("server.csr")
        )
        try Data("subjectAltName=DNS:\(serverName)\n".utf8).write(to: URL(fileURLWithPath: path("server.ext")))
        try Self.openssl(
            "x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
            "-CAcreateserial", "-days", "2", "-extfile", path("server.ext"), "-out", path("server.pem")
        )
    }

    /// The path of one of the files.
    public func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// Removes the files.
    public func remove() { try? FileManager.default.removeItem(at: directory) }

    /// Runs `body` while `openssl s_server` listens on loopback with the server's certificate.
    ///
    /// - Parameters:
    ///   - options: Further options of `s_server`.
    ///   - body: Is given the port.
    public func withServer<Result>(options: [String], _ body: (UInt16) async throws -> Result) async throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-cert", path("server.pem"), "-key", path("server.key")] + options
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        try process.run()
        defer {
            // The child inherits a mask that keeps other signals from it.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        var text = ""
        while !text.contains("ACCEPT ") || !text.hasSuffix("\n") {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "openssl s_server did not start")
            text += String(decoding: more, as: UTF8.self)
        }
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") })
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
        return try await body(port)
    }

    private static func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " ")) failed")
    }
}
