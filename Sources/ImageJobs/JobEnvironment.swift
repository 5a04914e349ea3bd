public import Catalog
public import ImageConversion
public import ImageModel
public import ImageSource
public import ImageStore
public import ImageUnpacking
public import Logging

/// All a job may touch: handed in, so that a simulation can hand in other things.
public struct JobEnvironment: Sendable {
    /// The truth about jobs and images.
    public var catalog: ImageCatalog
    /// Where images come from.
    public var source: any ImageSource
    /// Where they go, by configured name.
    public var stores: [StoreName: any ImageStore]
    /// The clock that paces progress and backoff.
    public var time: any TimeSource
    /// The dice of jitter.
    public var random: any RandomSource
    /// What no job may exceed.
    public var limits: JobLimits
    /// Which findings of the inspector are forgiven where.
    public var relaxed = RelaxedRules()
    /// How long to wait between attempts.
    public var backoff: Backoff
    /// The least time between two progress events of a job.
    public var progressInterval: Duration
    /// The credentials that jobs may name.
    public var credentials = CredentialBook()
    /// Reads the lists of digests that jobs name.
    public var digestLists = DigestListReader()
    /// Converts images; nil where there is no scratch space for that.
    public var converter: (any ImageConverter)?
    /// How many bytes lie between two checkpoints of an import: what is fetched again after a crash, at most.
    public var checkpointInterval: Int64 = 32 << 20
    /// Takes progress events, which may be lost; must not wait.
    public var announceProgress: @Sendable (ImageEvent) -> Void
    /// Where jobs log.
    public var logger: Logger

    /// An environment from its parts.
    public init(
        catalog: ImageCatalog, source: any ImageSource, stores: [StoreName: any ImageStore], time: any TimeSource,
        random: any RandomSource, limits: JobLimits, backoff: Backoff, progressInterval: Duration,
        announceProgress: @escaping @Sendable (ImageEvent) -> Void, logger: Logger
    ) {
        self.catalog = catalog
        self.source = source
        self.stores = stores
        self.time = time
        self.random = random
        self.limits = limits
        self.backoff = backoff
        self.progressInterval = progressInterval
        self.announceProgress = announceProgress
        self.logger = logger
    }
}

/// What no job may exceed (`limits.*` of the configuration).
public struct JobLimits: Sendable, Hashable {
    /// The largest image as served, in bytes.
    public var imageBytes: Int64
    /// The largest disk an image may describe, in bytes.
    public var virtualBytes: Int64
    /// What an image that is served packed may unpack to.
    public var unpacking: UnpackLimits

    /// Limits from their parts; by default 1 TiB, 64 TiB and those of unpacking.
    public init(
        imageBytes: Int64 = 1 << 40, virtualBytes: Int64 = 64 << 40, unpacking: UnpackLimits = UnpackLimits()
    ) {
        self.imageBytes = imageBytes
        self.virtualBytes = virtualBytes
        self.unpacking = unpacking
    }
}
