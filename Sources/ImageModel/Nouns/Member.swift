/// An account an image is shared with.
public struct Member: Hashable, Sendable, Codable {
    /// The account.
    public var account: AccountID
    /// How far the sharing got.
    public var status: MemberStatus
    /// When the image was first offered.
    public var createdAt: Timestamp
    /// When the status last changed.
    public var updatedAt: Timestamp

    /// A member from its parts.
    public init(account: AccountID, status: MemberStatus, createdAt: Timestamp, updatedAt: Timestamp) {
        self.account = account
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// How far the sharing with a member got; <doc:LifeCycles> draws it.
public enum MemberStatus: String, Sendable, Codable, CaseIterable {
    /// Offered, not answered.
    case pending
    /// The member took the offer.
    case accepted
    /// The member declined it.
    case rejected
    /// The owner took it back.
    case stopped
}
