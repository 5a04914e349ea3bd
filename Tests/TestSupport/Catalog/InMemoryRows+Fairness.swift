import Catalog
import ImageModel

extension InMemoryRows {
    func nextDueJob(_ kind: JobKind, except held: HeldBack) throws -> Job? {
        var best: (row: InMemoryTables.JobRow, rank: Rank)?
        let running = tables.jobs.values.reduce(into: [AccountID?: Int]()) { running, row in
            if row.job.kind == kind, row.job.state == .running { running[row.job.request.owner, default: 0] += 1 }
        }
        for row in tables.jobs.values where row.job.kind == kind && isDue(row.job) {
            let owner = row.job.request.owner
            guard !held.owners.contains(owner), !(row.job.sourceHost.map(held.hosts.contains) ?? false),
                let turn = tables.turns[InMemoryTables.TurnKey(kind: kind, owner: owner)]
            else { continue }
            let rank = Rank(
                running: running[owner, default: 0], served: turn.served, came: turn.number,
                priority: -row.job.priority, number: row.number)
            if let known = best, known.rank < rank { continue }
            best = (row, rank)
        }
        return best?.row.job
    }

    func hasClaimableJob(of kinds: Set<JobKind>, except held: HeldBack) throws -> Bool {
        for kind in JobKind.allCases where kinds.contains(kind) {
            if try nextDueJob(kind, except: held) != nil { return true }
        }
        return try !jobsWithExpiredLease(limit: 1).isEmpty || !overdueDeferredJobs(limit: 1).isEmpty
    }

    private func isDue(_ job: Job) -> Bool { (job.state == .queued || job.state == .retrying) && job.runAt <= now }

    func noteServed(_ owner: AccountID?, _ kind: JobKind) throws {
        let last = tables.turns.filter { $0.key.kind == kind }.map(\.value.served).max() ?? 0
        tables.turns[InMemoryTables.TurnKey(kind: kind, owner: owner)]?.served = last + 1
    }

    func runningByOwner() throws -> [AccountID?: Int] {
        tables.jobs.values.reduce(into: [:]) { running, row in
            if row.job.state == .running { running[row.job.request.owner, default: 0] += 1 }
        }
    }

    func runningBySourceHost() throws -> [String: Int] {
        tables.jobs.values.reduce(into: [:]) { running, row in
            if row.job.state == .running, let host = row.job.sourceHost { running[host, default: 0] += 1 }
        }
    }

    func usage(of owner: AccountID?) throws -> OwnerUsage {
        var usage = OwnerUsage()
        for image in tables.images.values.map(\.value) where image.details.owner == owner && image.countsForQuota {
            usage.images += 1
            usage.bytes += image.quotaBytes
        }
        for row in tables.jobs.values where row.job.request.owner == owner {
            usage.reservedBytes += row.job.reservedBytes ?? 0
        }
        return usage
    }

    func health(ofHost host: String) throws -> HostHealth? { tables.hosts[host] }

    func restedHosts() throws -> [HostHealth] {
        tables.hosts.values.filter { $0.restUntil != nil }.sorted { $0.host < $1.host }
    }

    func put(_ health: HostHealth) throws { tables.hosts[health.host] = health }

    func forgetHost(_ host: String) throws { tables.hosts[host] = nil }

    func forgetHosts(unchangedSince moment: Timestamp) throws {
        tables.hosts = tables.hosts.filter { $0.value.changedAt >= moment }
    }
}

/// Orders due jobs of one kind by whose turn it is.
private struct Rank: Comparable {
    var running: Int
    var served: Int64
    var came: Int64
    var priority: Int
    var number: Int64

    static func < (left: Self, right: Self) -> Bool {
        (left.running, left.served, left.came, left.priority, left.number)
            < (right.running, right.served, right.came, right.priority, right.number)
    }
}
