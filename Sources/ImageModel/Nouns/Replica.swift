/// The bytes of an image in one store.
public struct Replica: Hashable, Sendable, Codable {
    /// The store they lie in.
    public var store: StoreName
    /// Whether they can be read.
    public var state: ReplicaState
    /// The store's own key of the object; made by a worker, never from remote input.
    public var objectKey: String?
    /// Where the object lies, for people and programs on the same side as the store; nil until committed.
    public var url: String?

    /// A replica from its parts.
    public init(store: StoreName, state: ReplicaState, objectKey: String? = nil, url: String? = nil) {
        self.store = store
        self.state = state
        self.objectKey = objectKey
        self.url = url
    }
}

/// `pending → copying → available → deleting`, `copying → pending` on failure.
public enum ReplicaState: String, Sendable, Codable, CaseIterable {
    /// Wanted; no bytes yet.
    case pending
    /// Bytes are on their way.
    case copying
    /// Whole and readable.
    case available
    /// On their way out.
    case deleting

    /// Whether the contract allows the step from this state to `next`.
    public func mayBecome(_ next: Self) -> Bool {
        switch self {
        case .pending: next == .copying
        case .copying: next == .available || next == .pending
        case .available: next == .deleting
        case .deleting: false
        }
    }
}
