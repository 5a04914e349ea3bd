import ImageModel

/// What holds due jobs back at this moment, although slots may be free: limits and resting hosts.
struct Holds {
    private let limits: CatalogLimits
    private var runningByOwner: [AccountID?: Int] = [:]
    private var runningByHost: [String: Int] = [:]
    private var restingHosts: [String: String] = [:]
    /// The same, as what the rows are to leave out.
    private(set) var heldBack = HeldBack()

    init(_ rows: any CatalogReader, limits: CatalogLimits) throws {
        self.limits = limits
        if let limit = limits.ownerRunning {
            runningByOwner = try rows.runningByOwner()
            heldBack.owners = Set(runningByOwner.filter { $0.value >= limit }.keys)
        }
        if let limit = limits.sourceHostRunning {
            runningByHost = try rows.runningBySourceHost()
            heldBack.hosts = Set(runningByHost.filter { $0.value >= limit }.keys)
        }
        for health in try rows.restedHosts() {
            if let reason = try SourceHostRest.hold(by: health, rows) { hold(health.host, because: reason) }
        }
    }

    /// Why a due job does not begin; nil when only a slot is missing.
    func reason(for job: Job) -> String? {
        if let limit = limits.ownerRunning, let running = runningByOwner[job.request.owner], running >= limit {
            let owner = job.request.owner.map { "owner \($0)" } ?? "the platform"
            return "\(owner): \(running) running, limits.owner.running is \(limit)"
        }
        guard let host = job.sourceHost else { return nil }
        if let resting = restingHosts[host] { return resting }
        guard let limit = limits.sourceHostRunning, let running = runningByHost[host], running >= limit else {
            return nil
        }
        return "source host \(host): \(running) running, limits.source_host.running is \(limit)"
    }

    /// Counts a job that has begun.
    mutating func count(_ job: Job) {
        if let limit = limits.ownerRunning {
            runningByOwner[job.request.owner, default: 0] += 1
            if runningByOwner[job.request.owner, default: 0] >= limit { heldBack.owners.insert(job.request.owner) }
        }
        if let limit = limits.sourceHostRunning, let host = job.sourceHost {
            runningByHost[host, default: 0] += 1
            if runningByHost[host, default: 0] >= limit { heldBack.hosts.insert(host) }
        }
    }

    /// Holds all jobs of a host back.
    mutating func hold(_ host: String, because reason: String) {
        restingHosts[host] = reason
        heldBack.hosts.insert(host)
    }
}
