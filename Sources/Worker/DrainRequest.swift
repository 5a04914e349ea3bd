import Synchronization

/// The request to stop taking work, made once and never taken back.
public final class DrainRequest: Sendable {
    private let requested = Atomic(false)

    /// No request yet.
    public init() {}

    /// Whether it was made.
    public var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Makes the request.
    public func request() { requested.store(true, ordering: .releasing) }
}
