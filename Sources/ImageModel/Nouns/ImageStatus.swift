/// Where an image stands in its life (CONTRACT section 4).
///
/// ```mermaid
/// stateDiagram-v2
///     [*] --> queued
///     queued --> importing
///     queued --> failed
///     queued --> cancelled
///     queued --> deleting
///     importing --> active
///     importing --> failed
///     importing --> cancelled
///     importing --> deleting
///     failed --> queued
///     cancelled --> queued
///     failed --> deleting
///     cancelled --> deleting
///     active --> pending_delete
///     pending_delete --> active
///     active --> deleting
///     pending_delete --> deleting
///     deleting --> deleted
/// ```
public enum ImageStatus: String, Sendable, Codable, CaseIterable {
    /// Accepted; no worker has begun.
    case queued
    /// A worker is at it, waits to try again, or gave it back.
    case importing
    /// Stored, whole and announced.
    case active
    /// The import ended without an image.
    case failed
    /// The import was cancelled.
    case cancelled
    /// Deleted by its owner, still restorable.
    case pendingDelete = "pending_delete"
    /// The tombstone is set; the bytes are going.
    case deleting
    /// Gone for good; the id is never used again.
    case deleted

    /// Whether the contract allows the step from this status to `next`. Staying is no step.
    public func mayBecome(_ next: Self) -> Bool {
        switch self {
        case .queued: [.importing, .failed, .cancelled, .deleting].contains(next)
        case .importing: [.active, .failed, .cancelled, .deleting].contains(next)
        case .failed, .cancelled: [.queued, .deleting].contains(next)
        case .active: [.pendingDelete, .deleting].contains(next)
        case .pendingDelete: [.active, .deleting].contains(next)
        case .deleting: next == .deleted
        case .deleted: false
        }
    }
}

/// What is being done to an active image.
public enum ImageOperation: String, Sendable, Codable, CaseIterable {
    /// A copy reads it.
    case copying
    /// Its members change.
    case sharing
    /// Its details change.
    case updating
}
