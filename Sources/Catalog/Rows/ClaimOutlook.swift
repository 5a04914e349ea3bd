/// What somebody who is about to claim has to expect.
public struct ClaimOutlook: Sendable, Hashable {
    /// Whether a claim would find something to do at this moment.
    public var isPromising: Bool
    /// How long it is until the next waiting job becomes due; nil when none waits for time.
    public var untilNextDue: Duration?

    /// An outlook from its parts.
    public init(isPromising: Bool, untilNextDue: Duration?) {
        self.isPromising = isPromising
        self.untilNextDue = untilNextDue
    }
}
