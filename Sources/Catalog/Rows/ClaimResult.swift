/// What a claim has brought, and what is to be expected of the next one.
public struct ClaimResult: Sendable {
    /// The jobs that the worker has now.
    public var jobs: [ClaimedJob]
    /// What another claim for the same slots would find; that another worker had something in hand is not known of it.
    public var outlook: ClaimOutlook

    /// A result from its parts.
    public init(jobs: [ClaimedJob], outlook: ClaimOutlook) {
        self.jobs = jobs
        self.outlook = outlook
    }
}
