/// Where an image stands in its life.
///
/// <doc:LifeCycles> draws it, and ``state(after:in:)`` is its table.
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
