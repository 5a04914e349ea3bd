import ImageModel

/// All the network thread needs to know of one request: one hop of a fetch.
struct TransferOrder: Sendable {
    /// Tells this transfer from all others of the network.
    let id: UInt64
    /// What to ask for.
    let target: FetchTarget
    /// Lines of the request's head, besides those libcurl makes.
    let fields: [String]
    /// Decides what the response's head means.
    let judge: ResponseJudge
    /// Limits and rules.
    let policy: FetchPolicy
    /// The judged addresses of the target, and the only ones to connect to; empty behind a proxy.
    let addresses: [IPAddress]
    /// What is left of the time to connect.
    let connectTimeout: Duration
    /// Leads a connection elsewhere; nil connects to where the address says.
    let diversion: Diversion?
    /// When the fetch as a whole is over, on the network's clock.
    let deadline: Duration
}

/// Leads connections that the guard let through to another place: the seam at which tests count them and keep them on
/// this machine.
typealias Diversion = @Sendable (SocketAddress) -> SocketAddress

/// What other threads ask of the network thread.
enum NetworkCommand: Sendable {
    case start(TransferOrder, TransferMailbox)
    case resume(UInt64)
    case close(UInt64)
    case stop
}
