import Glibc

/// The socket on which a service manager such as systemd listens to its service.
///
/// The protocol is one datagram for each set of assignments, so that no library is needed. Source: sd_notify(3) and
/// sd_watchdog_enabled(3), "Notes".
public struct NotifySocket: Sendable {
    /// How often the manager wants to hear that the service is alive; nil when it does not watch.
    public let watchdog: Duration?
    private let path: [UInt8]

    /// The socket that the environment names.
    ///
    /// - Returns: Nil when it names none, because nobody listens.
    /// - Throws: ``Unusable`` when it names what is no Unix socket.
    public init?(environment: [String: String]) throws(Unusable) {
        guard let name = environment["NOTIFY_SOCKET"], !name.isEmpty else { return nil }
        var path = Array(name.utf8)
        guard path[0] == UInt8(ascii: "/") || path[0] == UInt8(ascii: "@"), path.count < Self.pathCapacity else {
            throw Unusable(reason: "NOTIFY_SOCKET names no Unix socket: \(name)")
        }
        // An abstract name begins with a zero, which no variable can hold.
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        self.path = path
        watchdog = Self.watchdog(environment)
    }

    /// Says all notices at once, and waits for nobody.
    ///
    /// - Returns: Whether the manager has them; when it has not, it may be told again.
    public func send(_ notices: [ServiceNotice]) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let text = notices.map(\.assignment).joined(separator: "\n")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // An abstract name ends where the address does, without a zero.
        let length = MemoryLayout<sa_family_t>.size + path.count + (path[0] == 0 ? 0 : 1)
        let sent = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(
                    descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), address,
                    socklen_t(length))
            }
        }
        return sent == text.utf8.count
    }

    /// The manager named a socket of another kind.
    public struct Unusable: Error, CustomStringConvertible {
        let reason: String

        /// The reason.
        public var description: String { reason }
    }

    private static func watchdog(_ environment: [String: String]) -> Duration? {
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init), microseconds > 0 else { return nil }
        // The variables may have been meant for the process that started this one.
        if let process = environment["WATCHDOG_PID"], pid_t(process) != getpid() { return nil }
        return .microseconds(microseconds)
    }

    private static var pathCapacity: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) }
}
