import Catalog
import ImageModel

/// A transaction that hands everything on, for subclasses that watch or falsify some of it.
class ForwardingTransaction: CatalogTransaction {
    let base: any CatalogTransaction

    init(_ base: any CatalogTransaction) {
        self.base = base
    }

    var now: Timestamp { base.now }
    func catalogID() throws -> CatalogID { try base.catalogID() }
    func job(_ id: JobID) throws -> Job? { try base.job(id) }
    func admission(of id: JobID) throws -> JobAdmission? { try base.admission(of: id) }
    func jobs(_ filter: JobFilter) throws -> [Job] { try base.jobs(filter) }
    func unfinishedJobs(on image: ImageID) throws -> [JobOutline] { try base.unfinishedJobs(on: image) }
    func jobs(waitingFor job: JobID) throws -> [Job] { try base.jobs(waitingFor: job) }
    func waitingCounts() throws -> [JobKind: Int] { try base.waitingCounts() }
    func followerCounts() throws -> [JobKind: Int] { try base.followerCounts() }
    func hasMovingJobs() throws -> Bool { try base.hasMovingJobs() }
    func strandedJobs(limit: Int) throws -> [Job] { try base.strandedJobs(limit: limit) }
    func image(_ id: ImageID) throws -> Image? { try base.image(id) }
    func images(_ filter: ImageFilter) throws -> [Image] { try base.images(filter) }
    func member(_ account: AccountID, of image: ImageID) throws -> Member? { try base.member(account, of: image) }
    func history(of image: ImageID, limit: Int) throws -> [OutboxEntry] { try base.history(of: image, limit: limit) }
    func lastEvent(of job: JobID) throws -> ImageEvent? { try base.lastEvent(of: job) }
    func unpublished(limit: Int) throws -> [OutboxEntry] { try base.unpublished(limit: limit) }
    func openTransfers(of job: JobID) throws -> [Transfer] { try base.openTransfers(of: job) }
    func abandonedTransfers(limit: Int) throws -> [Transfer] { try base.abandonedTransfers(limit: limit) }
    func publishedEvents(_ filter: HistoryFilter) throws -> [OutboxEntry] { try base.publishedEvents(filter) }
    func transferOutline(_ id: TransferID) throws -> TransferOutline? { try base.transferOutline(id) }
    func leftoverTransfers(after: TransferID?, limit: Int) throws -> [TransferOutline] {
        try base.leftoverTransfers(after: after, limit: limit)
    }
    func isReplica(_ objectKey: String, in store: StoreName) throws -> Bool {
        try base.isReplica(objectKey, in: store)
    }
    func prunable(_ horizon: RetentionHorizon) throws -> PruneCount { try base.prunable(horizon) }
    func markDiscarded(_ transfer: TransferID) throws { try base.markDiscarded(transfer) }
    func prune(_ horizon: RetentionHorizon, limit: Int) throws -> PruneCount {
        try base.prune(horizon, limit: limit)
    }
    func nextDue() throws -> Timestamp? { try base.nextDue() }
    func insert(_ job: Job, _ admission: JobAdmission) throws { try base.insert(job, admission) }
    func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool { try base.update(job, ifFenceIs: fence) }
    func setSourceQuery(_ query: String?, of job: JobID) throws { try base.setSourceQuery(query, of: job) }
    func dueJobs(_ kind: JobKind, limit: Int) throws -> [Job] { try base.dueJobs(kind, limit: limit) }
    func overdueDeferredJobs(limit: Int) throws -> [Job] { try base.overdueDeferredJobs(limit: limit) }
    func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        try base.extendLease(of: job, ifFenceIs: fence, by: duration)
    }
    func jobsWithExpiredLease(limit: Int) throws -> [Job] { try base.jobsWithExpiredLease(limit: limit) }
    func insert(_ image: Image) throws { try base.insert(image) }
    func update(_ image: Image) throws { try base.update(image) }
    func put(_ member: Member, of image: ImageID) throws { try base.put(member, of: image) }
    func nextSequence(of image: ImageID) throws -> Int64 { try base.nextSequence(of: image) }
    func append(_ entry: OutboxEntry) throws { try base.append(entry) }
    func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws {
        try base.markPublished(numbers, unrouted: unrouted)
    }
    func insert(_ transfer: Transfer) throws { try base.insert(transfer) }
    func update(_ transfer: Transfer) throws { try base.update(transfer) }
    func rememberCancel(of job: JobID, by account: AccountID?) throws {
        try base.rememberCancel(of: job, by: account)
    }
    func rememberedCancels(of job: JobID) throws -> [AccountID?] { try base.rememberedCancels(of: job) }
    func holdRole(_ role: String, worker: WorkerID, for duration: Duration) throws -> Bool {
        try base.holdRole(role, worker: worker, for: duration)
    }
}
