/// What can happen to a replica.
public enum ReplicaStep: String, Sendable, CaseIterable {
    /// A transfer to the store began.
    case transferBegan = "transfer_began"
    /// The transfer was given up.
    case transferFailed = "transfer_failed"
    /// The store has the bytes, whole and durable.
    case stored
    /// The bytes are to go.
    case deletionBegan = "deletion_began"
}

extension ReplicaState: LifecycleState {
    /// A replica is wanted before its first byte is there.
    public static var initial: Self { .pending }

    /// The table of a replica's life; drawn in <doc:LifeCycles>.
    public static func state(after event: ReplicaStep, in state: Self) -> Self? {
        switch (state, event) {
        case (.pending, .transferBegan): .copying
        case (.copying, .transferFailed): .pending
        case (.copying, .stored): .available
        case (.available, .deletionBegan): .deleting
        default: nil
        }
    }
}
