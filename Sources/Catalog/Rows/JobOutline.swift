public import ImageModel

/// As much of an unfinished job as decides who waits for whom; cheap to read by the thousand.
public struct JobOutline: Hashable, Sendable {
    /// The key.
    public var id: JobID
    /// The kind of its work.
    public var kind: JobKind
    /// Where it stands.
    public var state: JobState
    /// Whether its message named predecessors; it has no place among the others until they have ended.
    public var hasPredecessors: Bool

    /// An outline from its parts.
    public init(id: JobID, kind: JobKind, state: JobState, hasPredecessors: Bool) {
        self.id = id
        self.kind = kind
        self.state = state
        self.hasPredecessors = hasPredecessors
    }
}
