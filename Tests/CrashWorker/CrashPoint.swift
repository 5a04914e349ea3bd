import Catalog

/// A place in a worker's life at which it can be made to die.
enum CrashPoint: Hashable, Sendable {
    /// All rows of a transaction are written and none is durable.
    case beforeCommit(CommitStep)
    /// The transaction is durable, and nobody in this process knows yet.
    case afterCommit(CommitStep)
    /// At an adapter.
    case port(PortStep)

    /// What the point is called on the command line: `before-commit accepted`, `after-commit accepted`, `chunk`.
    init?(_ name: String) {
        let words = name.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("before-commit", 2):
            guard let step = CommitStep(rawValue: words[1]) else { return nil }
            self = .beforeCommit(step)
        case ("after-commit", 2):
            guard let step = CommitStep(rawValue: words[1]) else { return nil }
            self = .afterCommit(step)
        default:
            guard let step = PortStep(rawValue: name) else { return nil }
            self = .port(step)
        }
    }
}

/// What a transaction does, told from the rows that it writes.
enum CommitStep: String, Sendable, CaseIterable {
    /// Takes a message in.
    case accepted
    /// Gives a job to a worker.
    case claimed
    /// Prolongs a lease and nothing else.
    case renewed
    /// Records a transfer before its first byte.
    case transfer
    /// Records how far the bytes of a transfer are durable.
    case checkpoint
    /// Records that a store is about to commit.
    case committing
    /// Marks what is to be deleted.
    case tombstone
    /// Gives a transfer up before its bytes are removed.
    case abandoned
    /// Records that the bytes of a transfer are gone.
    case cleared
    /// Lets a job wait for its next attempt.
    case retrying
    /// Gives a job back to the queue.
    case givenBack = "given-back"
    /// Ends a job and writes its event.
    case ended
    /// Marks events as published.
    case published
}

/// Something that an adapter did, or is about to do.
enum PortStep: String, Sendable, CaseIterable {
    /// A table or index of the catalog is about to be made.
    case migration
    /// A delivery is about to be acknowledged; its job is in the catalog.
    case acknowledging
    /// A delivery was acknowledged, as far as this process knows.
    case acknowledged
    /// A chunk has come from the source.
    case chunk
    /// A chunk is on its way to the disk.
    case appended
    /// Everything appended so far is durable, and no row says so.
    case synchronized
    /// The staging is open, and no byte is there.
    case staged
    /// The store has committed an object.
    case stored
    /// Staged bytes are about to be removed.
    case discarding
    /// Staged bytes were removed.
    case discarded
    /// An object is about to be deleted.
    case deleting
    /// An object was deleted.
    case deleted
    /// An event is about to be published.
    case publishing
    /// The broker has confirmed an event, and no row says so.
    case confirmed
    /// The broker has confirmed the event that ends a job.
    case confirmedEnd = "confirmed-end"
}
