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
    /// When it was wanted first; nil for replicas of a catalog older than this knowledge.
    public var createdAt: Timestamp?
    /// When its state last changed; nil for the same.
    public var updatedAt: Timestamp?

    /// A replica from its parts.
    public init(
        store: StoreName, state: ReplicaState, objectKey: String? = nil, url: String? = nil,
        createdAt: Timestamp? = nil, updatedAt: Timestamp? = nil
    ) {
        self.store = store
        self.state = state
        self.objectKey = objectKey
        self.url = url
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// How far the bytes of a replica are; <doc:LifeCycles> draws it.
public enum ReplicaState: String, Sendable, Codable, CaseIterable {
    /// Wanted; no bytes yet.
    case pending
    /// Bytes are on their way.
    case copying
    /// Whole and readable.
    case available
    /// On their way out.
    case deleting
}
