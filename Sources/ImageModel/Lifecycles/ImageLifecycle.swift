/// What can happen to an image.
public enum ImageStep: String, Sendable, CaseIterable {
    /// A worker began to import it.
    case claimed
    /// Its import is done.
    case imported
    /// Its import cannot be done.
    case failed
    /// Its import was cancelled.
    case cancelled
    /// A new import of the same id was accepted.
    case renewed
    /// Its owner deleted it and may still restore it.
    case retained
    /// Its owner restored it.
    case restored
    /// The tombstone was set: its bytes are going.
    case deletionBegan = "deletion_began"
    /// Its bytes are gone.
    case deleted
}

extension ImageStatus: LifecycleState {
    /// An image begins with the acceptance of its import.
    public static var initial: Self { .queued }

    /// The table of an image's life; drawn in <doc:LifeCycles>.
    public static func state(after event: ImageStep, in state: Self) -> Self? {
        switch (state, event) {
        case (.queued, .claimed): .importing
        case (.importing, .imported): .active
        case (.queued, .failed), (.importing, .failed): .failed
        case (.queued, .cancelled), (.importing, .cancelled): .cancelled
        case (.failed, .renewed), (.cancelled, .renewed): .queued
        case (.active, .retained): .pendingDelete
        case (.pendingDelete, .restored): .active
        case (.queued, .deletionBegan), (.importing, .deletionBegan), (.failed, .deletionBegan),
            (.cancelled, .deletionBegan), (.active, .deletionBegan), (.pendingDelete, .deletionBegan):
            .deleting
        case (.deleting, .deleted): .deleted
        default: nil
        }
    }
}
