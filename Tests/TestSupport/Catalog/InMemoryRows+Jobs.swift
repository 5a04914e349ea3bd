import Catalog
import ImageModel

extension InMemoryRows {
    func job(_ id: JobID) throws -> Job? { tables.jobs[id]?.job }

    func admission(of id: JobID) throws -> JobAdmission? { tables.jobs[id]?.admission }

    func jobs(_ filter: JobFilter) throws -> [Job] {
        let passing = tables.jobs.values.filter { row in
            (filter.states?.contains(row.job.state) ?? true)
                && filter.after.map { row.number < tables.jobs[$0]?.number ?? 0 } ?? true
                && (filter.kind == nil || filter.kind == row.job.kind)
                && (filter.image == nil || filter.image == row.job.imageID || filter.image == row.target)
        }
        return passing.sorted { $0.number > $1.number }.prefix(filter.limit).map(\.job)
    }

    func unfinishedJobs(on image: ImageID) throws -> [JobOutline] {
        accepted { !$0.job.state.isTerminal && $0.target == image }
            .map {
                JobOutline(
                    id: $0.id, kind: $0.kind, state: $0.state, hasPredecessors: !$0.request.after.isEmpty)
            }
    }

    func jobs(waitingFor job: JobID) throws -> [Job] {
        accepted { $0.job.state == .deferred && $0.job.request.after.contains(job) }
    }

    func waitingCounts() throws -> [JobKind: Int] {
        accepted(where: \.isWaiting).reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
    }

    func jobLoad() throws -> [JobLoad] {
        var loads: [String: JobLoad] = [:]
        for job in accepted(where: { !$0.job.state.isTerminal }) {
            let key = "\(job.kind.rawValue) \(job.state.rawValue)"
            let load = loads[key] ?? JobLoad(kind: job.kind, state: job.state, count: 0, oldest: job.acceptedAt)
            loads[key] = JobLoad(kind: job.kind, state: job.state, count: load.count + 1, oldest: load.oldest)
        }
        return loads.sorted { $0.key < $1.key }.map(\.value)
    }

    func outboxLoad() throws -> OutboxLoad {
        let waiting = try unpublished(limit: .max)
        return OutboxLoad(count: waiting.count, oldest: waiting.first?.event.time)
    }

    func followerCounts() throws -> [JobKind: Int] {
        accepted { $0.job.state == .deferred && !$0.job.request.after.isEmpty }
            .reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
    }

    func hasMovingJobs() throws -> Bool {
        tables.jobs.values.contains { [.queued, .retrying, .running].contains($0.job.state) }
    }

    func strandedJobs(limit: Int) throws -> [Job] {
        let stranded = accepted { row in
            row.job.state == .deferred && row.job.request.after.contains { tables.jobs[$0] == nil }
        }
        return Array(stranded.prefix(limit))
    }

    func nextDue() throws -> Timestamp? {
        tables.jobs.values.filter(\.isWaiting).map(\.job.runAt)
            .filter { $0 > now && $0 < Timestamp(microseconds: .max) }.min()
    }

    func overdueDeferredJobs(limit: Int) throws -> [Job] {
        let overdue = accepted { $0.job.state == .deferred && $0.job.runAt <= self.now }
        return Array(overdue.sorted { $0.runAt < $1.runAt }.prefix(limit))
    }

    func jobsWithExpiredLease(limit: Int) throws -> [Job] {
        Array(accepted { $0.job.state == .running && $0.leaseUntil.map { $0 <= self.now } ?? false }.prefix(limit))
    }

    func insert(_ job: Job, _ admission: JobAdmission) throws {
        guard tables.jobs[job.id] == nil else { throw CatalogError(.corrupt, "there is a job \(job.id) already") }
        tables.jobs[job.id] = InMemoryTables.JobRow(number: tables.nextNumber(), job: job, admission: admission)
        let key = InMemoryTables.TurnKey(kind: job.kind, owner: job.request.owner)
        if tables.turns[key] == nil { tables.turns[key] = InMemoryTables.Turn(number: tables.nextNumber()) }
    }

    func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool {
        guard tables.jobs[job.id]?.job.fence == fence else { return false }
        tables.jobs[job.id]?.job = job
        return true
    }

    func setSourceQuery(_ query: String?, of job: JobID) throws {
        tables.jobs[job]?.admission.sourceQuery = query
    }

    func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        guard let row = tables.jobs[job], row.job.fence == fence, row.job.state == .running else { return false }
        tables.jobs[job]?.leaseUntil = now + duration
        return true
    }

    private func accepted(where passes: (InMemoryTables.JobRow) -> Bool) -> [Job] {
        tables.jobs.values.filter(passes).sorted { $0.number < $1.number }.map(\.job)
    }
}

extension InMemoryTables.JobRow {
    fileprivate var isWaiting: Bool {
        switch job.state {
        case .queued, .deferred, .retrying: true
        case .running, .succeeded, .failed, .cancelled: false
        }
    }
}
