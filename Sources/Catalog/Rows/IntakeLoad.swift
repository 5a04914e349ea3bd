public import ImageModel

/// What the catalog holds of each kind, as far as it decides whether more may come in.
public struct IntakeLoad: Sendable, Hashable {
    /// Jobs that wait: queued, deferred or retrying.
    public var waiting: [JobKind: Int]
    /// Those of them that follow other jobs which have not all ended, and may not even have come.
    public var followers: [JobKind: Int]
    /// Whether nothing runs, nothing can be claimed and nothing will be due soon: only a message sets anything in motion.
    public var isAtStandstill: Bool

    /// A load from its parts.
    public init(waiting: [JobKind: Int], followers: [JobKind: Int], isAtStandstill: Bool) {
        self.waiting = waiting
        self.followers = followers
        self.isAtStandstill = isAtStandstill
    }
}
