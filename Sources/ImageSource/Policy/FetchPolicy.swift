/// What may be fetched, from where, and how patiently: the `fetch.*` part of the configuration.
public struct FetchPolicy: Sendable, Hashable {
    /// Schemes a URL may have (`fetch.schemes`); this source speaks `https`, `http` and `s3` whatever stands here.
    public var schemes: Set<String> = ["https", "http", "s3"]
    /// Ports that may be connected to (`fetch.ports`), besides those that ``allowPrivate`` names.
    public var ports: Set<UInt16> = [443, 80]
    /// The most redirects followed for one fetch (`fetch.redirects`).
    public var redirects = 5
    /// Exempt from the address rule (`fetch.allow_private`).
    public var allowPrivate: [HostRule] = []
    /// When not empty, nothing but these (`fetch.only`). It exempts nothing from the address rule.
    public var only: [HostRule] = []
    /// Never these (`fetch.deny`), whatever the other rules say.
    public var deny: [HostRule] = []
    /// How long to wait for what.
    public var timeouts = FetchTimeouts()
    /// The URL of an HTTP proxy (`fetch.proxy`); nil connects directly. The environment's proxy variables are ignored.
    ///
    /// Behind a proxy the addresses of sources cannot be seen: host names and literal addresses are still judged, the
    /// rest is the proxy's to refuse.
    public var proxy: String?
    /// A PEM file of certificate authorities, instead of the system's.
    public var caFile: String?
    /// The `User-Agent` sent.
    public var userAgent = "longshore"
    /// Bytes in each chunk handed out.
    public var chunkSize = 1 << 20
    /// Chunks in memory per transfer; when all are out, the transfer pauses.
    public var chunkLimit = 8

    /// The policy of the contract's defaults.
    public init() {}
}

/// How long a fetch waits, and for what.
public struct FetchTimeouts: Sendable, Hashable {
    /// Until connected: name resolution, TCP, TLS.
    public var connect: Duration = .seconds(10)
    /// From there until the response's headers are complete.
    public var header: Duration = .seconds(30)
    /// The longest time in which the body may come slower than ``stallBytesPerSecond``. Time in which the transfer is
    /// paused, because nobody takes the bytes, does not count.
    public var stall: Duration = .seconds(60)
    /// The rate below which a source is stalled.
    public var stallBytesPerSecond: Int64 = 1_024
    /// The whole fetch, redirects and pauses included.
    public var total: Duration = .seconds(24 * 3_600)

    /// The contract's defaults.
    public init() {}
}
