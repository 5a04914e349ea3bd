import Foundation
public import Testing

/// The S3 service that tests may use, from the environment:
///
/// - `LONGSHORE_TEST_S3`: its `http://` URL;
/// - `LONGSHORE_TEST_S3_ACCESS_KEY`, `LONGSHORE_TEST_S3_SECRET_KEY`: keys that may make buckets;
/// - `LONGSHORE_REQUIRE_SERVICES=1`: what is absent fails instead of being skipped.
public enum RealS3 {
    /// The service's URL; nil when tests must do without.
    public static var url: String? { variable("LONGSHORE_TEST_S3") }
    /// The service's port on loopback.
    public static func requiredPort() throws -> UInt16 {
        let url = try #require(Self.url, "LONGSHORE_TEST_S3 is not set")
        return try #require(URLComponents(string: url)?.port.flatMap(UInt16.init(exactly:)))
    }

    /// The access key.
    public static var accessKey: String { variable("LONGSHORE_TEST_S3_ACCESS_KEY") ?? "" }
    /// The secret key.
    public static var secretKey: String { variable("LONGSHORE_TEST_S3_SECRET_KEY") ?? "" }
    /// Whether absent services are failures.
    public static var isRequired: Bool { variable("LONGSHORE_REQUIRE_SERVICES") == "1" }

    /// Makes a bucket of its own for a test.
    public static func makeBucket() async throws -> String {
        let bucket = "test-\(UUID().uuidString.lowercased())"
        try await request("PUT", "/\(bucket)")
        return bucket
    }

    /// Performs a signed request with the program curl, which knows nothing of ours.
    ///
    /// - Parameter path: Percent-encoded, with the bucket in front.
    /// - Returns: The body of the answer.
    @discardableResult
    public static func request(_ method: String, _ path: String, body: [UInt8] = []) async throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("s3-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (sent, received) = (folder.appendingPathComponent("sent"), folder.appendingPathComponent("received"))
        try Data(body).write(to: sent)
        var arguments = [
            "curl", "-sS", "--fail-with-body", "--max-time", "120", "-X", method, "--aws-sigv4", "aws:amz:us-east-1:s3",
            "--user", "\(accessKey):\(secretKey)", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-o", received.path,
        ]
        if method == "PUT" || method == "POST" { arguments += ["--data-binary", "@\(sent.path)"] }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments + [try #require(url) + path]
        let errors = Pipe()
        process.standardError = errors
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        let answer = (try? Data(contentsOf: received)) ?? Data()
        guard status == 0 else {
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            throw RequestFailure(
                status: status, said: said, answer: String(decoding: answer.prefix(2_000), as: UTF8.self))
        }
        return [UInt8](answer)
    }

    /// curl failed.
    public struct RequestFailure: Error {
        /// curl's exit code.
        public let status: Int32
        /// What it printed.
        public let said: String
        /// The body of the answer.
        public let answer: String
    }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test when there is no S3 service, unless services are required.
    public static var needsS3: Self {
        .enabled(if: RealS3.url != nil || RealS3.isRequired, "LONGSHORE_TEST_S3 is not set")
    }
}
