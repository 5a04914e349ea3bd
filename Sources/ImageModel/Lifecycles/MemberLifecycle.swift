extension MemberStatus: LifecycleState {
    /// A membership begins with an offer.
    public static var initial: Self { .pending }

    /// The table of a membership's life; drawn in <doc:LifeCycles>.
    public static func state(after event: ShareAction, in state: Self) -> Self? {
        switch (state, event) {
        case (.rejected, .offer), (.stopped, .offer): .pending
        case (.pending, .accept), (.accepted, .accept), (.rejected, .accept): .accepted
        case (.pending, .reject), (.accepted, .reject), (.rejected, .reject): .rejected
        case (_, .revoke): .stopped
        default: nil
        }
    }
}
