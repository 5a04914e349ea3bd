public import ImageModel

/// How a source host has behaved lately; a host of which nothing bad is known has none.
public struct HostHealth: Hashable, Sendable {
    /// An attempt of a job: the one fetch that finds out whether a host has recovered.
    public struct Probe: Hashable, Sendable {
        /// The job.
        public var job: JobID
        /// The fence under which it was claimed.
        public var fence: Int64

        /// A probe from its parts.
        public init(job: JobID, fence: Int64) {
            self.job = job
            self.fence = fence
        }
    }

    /// The host, as ``ImageModel/Job/sourceHost`` spells it.
    public var host: String
    /// Fetches in a row that ended in an error of the host that may pass.
    public var failures: Int
    /// Rests in a row that it was given.
    public var rests: Int
    /// Until when nothing is fetched from it, and after which one probe goes first; nil while all may fetch.
    public var restUntil: Timestamp?
    /// The probe that was let through after the rest.
    public var probe: Probe?
    /// When it last failed or was let through.
    public var changedAt: Timestamp

    /// Health from its parts; by default that of a host which has not failed yet.
    public init(
        host: String, failures: Int = 0, rests: Int = 0, restUntil: Timestamp? = nil, probe: Probe? = nil,
        changedAt: Timestamp
    ) {
        self.host = host
        self.failures = failures
        self.rests = rests
        self.restUntil = restUntil
        self.probe = probe
        self.changedAt = changedAt
    }
}
