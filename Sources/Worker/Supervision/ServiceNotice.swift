/// What a service tells its service manager. Source: sd_notify(3).
public enum ServiceNotice: Sendable, Hashable {
    /// It has started: others may rely on it.
    case ready
    /// It is about to end.
    case stopping
    /// It is alive; what a watchdog waits for.
    case watchdog
    /// What it does, for people.
    case status(String)
    /// Starting or stopping goes on for at least this long from now.
    case extendTimeout(Duration)

    /// The assignment that says it, in one line.
    var assignment: String {
        switch self {
        case .ready: "READY=1"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        case .status(let text): "STATUS=" + String(text.prefix(200).map { $0.isNewline ? " " : $0 })
        case .extendTimeout(let duration): "EXTEND_TIMEOUT_USEC=\(Int64(duration / .microseconds(1)))"
        }
    }
}
