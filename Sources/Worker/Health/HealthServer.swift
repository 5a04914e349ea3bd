import Hummingbird
public import Logging

/// The HTTP port of probes: `/healthz` says whether the process's own loops go round, `/readyz` whether all it needs
/// can be reached, `/metrics` how much there is to do.
///
/// A broker or database that is away makes a worker unready, never unhealthy: restarting it would mend nothing and
/// would interrupt its jobs.
public struct HealthServer: Sendable {
    private let port: HTTPPort
    /// The names of loops that hang; empty when the process is well.
    public let lateLoops: @Sendable () -> [String]
    /// What the worker needs.
    public let checks: [ReadinessCheck]
    private let metrics: @Sendable () async -> String

    /// A server that listens when it is run.
    ///
    /// - Parameters:
    ///   - lateLoops: The names of loops that hang; empty when the process is well.
    ///   - metrics: Makes the page of metrics.
    public init(
        host: String, port: Int, lateLoops: @escaping @Sendable () -> [String], checks: [ReadinessCheck],
        metrics: @escaping @Sendable () async -> String, logger: Logger
    ) {
        self.port = HTTPPort(host: host, port: port, logger: logger)
        self.lateLoops = lateLoops
        self.checks = checks
        self.metrics = metrics
    }

    /// Where it listens, `host:port`.
    public var address: String { port.address }

    /// Serves until the task is cancelled.
    ///
    /// - Throws: When the address cannot be listened on.
    public func run() async throws {
        let router = Router()
        router.get("healthz") { _, _ in
            let late = lateLoops()
            return Self.response(
                late.isEmpty, ["status": late.isEmpty ? "ok" : "stuck: " + late.joined(separator: ", ")])
        }
        // Not for /healthz: it asks nobody, and a worker that does not answer it is ended.
        router.add(middleware: AnswerLimit(port.limits.answers))
        router.get("readyz") { _, _ in
            var report: [String: String] = [:]
            var isReady = true
            for check in checks {
                let trouble = await check.trouble()
                report[check.name] = trouble ?? "ok"
                isReady = isReady && trouble == nil
            }
            return Self.response(isReady, report)
        }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: MetricsPage.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics())))
        }
        try await port.serve(router, for: "health")
    }

    private static func response(_ isGood: Bool, _ report: [String: String]) -> Response {
        let body = report.sorted { $0.key < $1.key }
            .map { "\"\($0.key)\":\"\($0.value.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline })\"" }
            .joined(separator: ",")
        return Response(
            status: isGood ? .ok : .serviceUnavailable, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "{\(body)}\n")))
    }
}

/// One thing a worker needs.
public struct ReadinessCheck: Sendable {
    /// Its name in the report.
    public let name: String
    /// Whether a worker can do nothing without it.
    public let isEssential: Bool
    /// What is wrong with it; nil when nothing is.
    public let trouble: @Sendable () async -> String?

    /// A check under a name.
    ///
    /// - Parameter isEssential: Whether a worker can do nothing without it.
    public init(_ name: String, isEssential: Bool = true, trouble: @escaping @Sendable () async -> String?) {
        self.name = name
        self.isEssential = isEssential
        self.trouble = trouble
    }
}
