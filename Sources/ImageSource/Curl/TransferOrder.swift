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
    /// When the fetch as a whole is over, on the network's clock.
    let deadline: Duration
}

/// What other threads ask of the network thread.
enum NetworkCommand: Sendable {
    case start(TransferOrder, TransferMailbox)
    case resume(UInt64)
    case close(UInt64)
    case stop
}
