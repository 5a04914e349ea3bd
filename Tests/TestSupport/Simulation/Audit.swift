import Catalog
import ImageModel
import TestSupport

/// What was committed to the catalog, seen from outside: the other half of the oracle's evidence.
// Unchecked: touched only by the one thread that runs its history.
final class Audit: @unchecked Sendable {
    /// Every event, reply and dead letter, in the order of their commits.
    private(set) var outbox: [OutboxEntry] = []
    private(set) var transfers: [TransferID: Transfer] = [:]
    private(set) var violations: [String] = []
    private var leases: [JobID: (fence: Int64, until: Timestamp)] = [:]
    /// What no claim may exceed.
    var limits = CatalogLimits()
    fileprivate let diary: Diary

    init(diary: Diary) {
        self.diary = diary
    }

    /// Adds something that must not have happened.
    func report(_ violation: String) {
        diary.note("VIOLATION \(violation)")
        violations.append(violation)
    }

    fileprivate func commit(_ rows: AuditedTransaction) {
        for entry in rows.appended {
            diary.note(
                "event \(entry.event.sequence ?? 0) \(entry.event.topic) \(entry.event.imageID?.rawValue ?? "-") "
                    + "\(entry.event.jobID ?? "-") \(entry.event.data.error.map { "\($0)" } ?? "")")
        }
        outbox += rows.appended
        for transfer in rows.transfers { transfers[transfer.id] = transfer }
        violations += rows.violations
        for lease in rows.leases { leases[lease.job] = (lease.fence, lease.until) }
    }

    fileprivate func leaseEnd(of job: JobID, fence: Int64) -> Timestamp? {
        leases[job].flatMap { $0.fence == fence ? $0.until : nil }
    }

    /// Runs `body` on rows that note what it does, and believes it when it did not throw.
    func watch<Result>(
        _ rows: any CatalogTransaction, at time: Timestamp, _ body: (any CatalogTransaction) throws -> Result
    ) throws -> (Result, confirm: () -> Void) {
        let audited = AuditedTransaction(rows, audit: self, time: time)
        let result = try body(audited)
        return (result, { self.commit(audited) })
    }
}

/// Notes what a transaction does, by the true time.
private final class AuditedTransaction: ForwardingTransaction {
    private let audit: Audit
    private let time: Timestamp
    private(set) var appended: [OutboxEntry] = []
    private(set) var transfers: [Transfer] = []
    private(set) var leases: [(job: JobID, fence: Int64, until: Timestamp)] = []
    private(set) var violations: [String] = []

    init(_ base: any CatalogTransaction, audit: Audit, time: Timestamp) {
        self.audit = audit
        self.time = time
        super.init(base)
    }

    override func holdRole(_ role: String, worker: WorkerID, for duration: Duration) throws -> Bool {
        let isHeld = try super.holdRole(role, worker: worker, for: duration)
        audit.diary.note("role \(role) of \(worker) for \(duration): \(isHeld)")
        return isHeld
    }

    override func append(_ entry: OutboxEntry) throws {
        try super.append(entry)
        appended.append(entry)
    }

    override func insert(_ transfer: Transfer) throws {
        try super.insert(transfer)
        transfers.append(transfer)
    }

    override func update(_ transfer: Transfer) throws {
        try super.update(transfer)
        transfers.append(transfer)
    }

    override func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        guard try super.extendLease(of: job, ifFenceIs: fence, by: duration) else { return false }
        leases.append((job, fence, time + duration))
        return true
    }

    override func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool {
        let before = try base.job(job.id)
        guard try super.update(job, ifFenceIs: fence) else { return false }
        if let before, before.state == .running, job.fence != before.fence,
            let until = audit.leaseEnd(of: job.id, fence: before.fence), until > time
        {
            violations.append("job \(job.id) was taken from \(before.worker?.rawValue ?? "-"), whose lease was good")
        }
        if job.state == .running, before?.state != .running, job.kind != .cancel {
            try checkLimits(job)
            try checkTurn(job)
        }
        if let before, before.state.isTerminal, job.state != before.state {
            violations.append("job \(job.id) was \(before.state.rawValue) and became \(job.state.rawValue)")
        }
        return true
    }

    private func checkLimits(_ job: Job) throws {
        if let limit = audit.limits.ownerRunning, try base.runningByOwner()[job.request.owner, default: 0] > limit {
            violations.append("job \(job.id) is more than \(limit) of its owner")
        }
        if let limit = audit.limits.sourceHostRunning, let host = job.sourceHost,
            try base.runningBySourceHost()[host, default: 0] > limit
        {
            violations.append("job \(job.id) is more than \(limit) from \(host)")
        }
    }

    /// No owner has more jobs of a kind begun than another one who could have begun one instead.
    private func checkTurn(_ job: Job) throws {
        let running = try base.jobs(JobFilter(states: [.running], kind: job.kind, limit: 1_000))
        func count(_ owner: AccountID?) -> Int { running.count { $0.request.owner == owner && $0.id != job.id } }
        let own = count(job.request.owner)
        let due = try base.jobs(JobFilter(states: [.queued, .retrying], kind: job.kind, limit: 1_000))
        for other in due where other.request.owner != job.request.owner && other.runAt <= now {
            guard count(other.request.owner) < own, try mayBegin(other) else { continue }
            violations.append("job \(job.id) began before \(other.id), whose owner has fewer running")
        }
    }

    private func mayBegin(_ job: Job) throws -> Bool {
        if let deadline = job.request.deadline, deadline <= now { return false }
        if let limit = audit.limits.ownerRunning, try base.runningByOwner()[job.request.owner, default: 0] >= limit {
            return false
        }
        guard let host = job.sourceHost else { return true }
        if try base.health(ofHost: host)?.restUntil != nil { return false }
        guard let limit = audit.limits.sourceHostRunning else { return true }
        return try base.runningBySourceHost()[host, default: 0] < limit
    }
}
