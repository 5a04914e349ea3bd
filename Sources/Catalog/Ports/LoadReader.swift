public import ImageModel

/// The questions about how much there is to do, for those who scale workers and watch them.
public protocol LoadReader {
    /// The unfinished jobs by kind and state, ordered by their words; no entry where there is none.
    func jobLoad() throws -> [JobLoad]

    /// The entries of the outbox that wait to be published.
    func outboxLoad() throws -> OutboxLoad
}

/// The jobs of one kind that are in one state.
public struct JobLoad: Sendable, Hashable {
    /// What they are to do.
    public var kind: JobKind
    /// Where they stand; never a terminal state.
    public var state: JobState
    /// How many they are; at least one.
    public var count: Int
    /// When the one that was accepted first was accepted.
    public var oldest: Timestamp

    /// The load of one kind in one state.
    public init(kind: JobKind, state: JobState, count: Int, oldest: Timestamp) {
        self.kind = kind
        self.state = state
        self.count = count
        self.oldest = oldest
    }
}

/// What waits in the outbox.
public struct OutboxLoad: Sendable, Hashable {
    /// How many entries.
    public var count: Int
    /// When the oldest of them happened; nil when there is none.
    public var oldest: Timestamp?

    /// A load of the outbox.
    public init(count: Int = 0, oldest: Timestamp? = nil) {
        self.count = count
        self.oldest = oldest
    }
}
