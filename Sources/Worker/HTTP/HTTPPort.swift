import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// A port that answers HTTP: so many connections at once, and none of them for long when nothing is asked.
struct HTTPPort: Sendable {
    let host: String
    let port: Int
    let logger: Logger

    /// `host:port`
    var address: String { "\(host):\(port)" }

    private static let mostConnections = 128
    private static let idleTimeout = TimeAmount.seconds(60)

    /// Serves until the task is cancelled.
    ///
    /// - Parameter purpose: What the log says that it listens for.
    /// - Throws: When the address cannot be listened on.
    func serve(_ router: Router<BasicRequestContext>, for purpose: String) async throws {
        // What clients do wrong is no matter of the worker's log.
        var quiet = logger
        quiet.logLevel = .critical
        let address: Logger.Metadata = ["for": "\(purpose)", "host": "\(host)", "port": "\(port)"]
        let application = Application(
            router: router, server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "longshore",
                availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections, logger: quiet)),
            onServerRunning: { [logger] _ in logger.info("Listening", metadata: address) }, logger: quiet)
        try await application.run()
    }
}
