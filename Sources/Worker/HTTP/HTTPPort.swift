import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// A port that answers HTTP, whatever others do with their connections to it.
struct HTTPPort: Sendable {
    let host: String
    let port: Int
    let logger: Logger
    var limits = HTTPLimits()
    /// Told the number of the port that it listens on.
    var onListening: @Sendable (Int) -> Void = { _ in }

    /// `host:port`
    var address: String { "\(host):\(port)" }

    /// How many connections there may be beyond the limit while those that had to go are still being closed.
    private static let closing = 32

    /// Serves until the task is cancelled.
    ///
    /// - Parameter purpose: What the log says that it listens for.
    /// - Throws: When the address cannot be listened on.
    func serve(_ router: Router<BasicRequestContext>, for purpose: String) async throws {
        // What clients do wrong is no matter of the worker's log.
        var quiet = logger
        quiet.logLevel = .critical
        let address: Logger.Metadata = ["for": "\(purpose)", "host": "\(host)", "port": "\(port)"]
        let connections = OpenConnections(limit: limits.connections)
        let transfer = limits.transfer
        let application = Application(
            router: router,
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ConnectionWatch(connections, limit: transfer)],
                    idleTimeout: limits.idle)),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "longshore",
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.connections + Self.closing, logger: quiet)),
            onServerRunning: { [logger, port, onListening] channel in
                logger.info("Listening", metadata: address)
                onListening(channel.localAddress?.port ?? port)
            }, logger: quiet)
        try await application.run()
    }
}
