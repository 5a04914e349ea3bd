public import Catalog
public import ImageModel

/// A transaction that hands everything on, for subclasses that watch or falsify some of it.
open class ForwardingTransaction: CatalogTransaction {
    /// The transaction that everything is handed to.
    public let base: any CatalogTransaction

    /// A transaction that hands everything to `base`.
    public init(_ base: any CatalogTransaction) {
        self.base = base
    }

    open var now: Timestamp { base.now }
    open func catalogID() throws -> CatalogID { try base.catalogID() }
    open func job(_ id: JobID) throws -> Job? { try base.job(id) }
    open func admission(of id: JobID) throws -> JobAdmission? { try base.admission(of: id) }
    open func jobs(_ filter: JobFilter) throws -> [Job] { try base.jobs(filter) }
    open func unfinishedJobs(on image: ImageID) throws -> [JobOutline] { try base.unfinishedJobs(on: image) }
    open func jobs(waitingFor job: JobID) throws -> [Job] { try base.jobs(waitingFor: job) }
    open func waitingCounts() throws -> [JobKind: Int] { try base.waitingCounts() }
    open func jobLoad() throws -> [JobLoad] { try base.jobLoad() }
    open func outboxLoad() throws -> OutboxLoad { try base.outboxLoad() }
    open func followerCounts() throws -> [JobKind: Int] { try base.followerCounts() }
    open func hasMovingJobs() throws -> Bool { try base.hasMovingJobs() }
    open func strandedJobs(limit: Int) throws -> [Job] { try base.strandedJobs(limit: limit) }
    open func image(_ id: ImageID) throws -> Image? { try base.image(id) }
    open func images(_ filter: ImageFilter) throws -> [Image] { try base.images(filter) }
    open func members(of image: ImageID) throws -> [Member] { try base.members(of: image) }
    open func member(_ account: AccountID, of image: ImageID) throws -> Member? { try base.member(account, of: image) }
    open func history(of image: ImageID, limit: Int) throws -> [OutboxEntry] {
        try base.history(of: image, limit: limit)
    }
    open func lastEvent(of job: JobID) throws -> ImageEvent? { try base.lastEvent(of: job) }
    open func unpublished(limit: Int) throws -> [OutboxEntry] { try base.unpublished(limit: limit) }
    open func unpublished(in range: OutboxRange) throws -> OutboxPage { try base.unpublished(in: range) }
    open func openTransfers(of job: JobID) throws -> [Transfer] { try base.openTransfers(of: job) }
    open func abandonedTransfers(after: TransferID?, limit: Int) throws -> [Transfer] {
        try base.abandonedTransfers(after: after, limit: limit)
    }
    open func publishedEvents(_ filter: HistoryFilter) throws -> [OutboxEntry] { try base.publishedEvents(filter) }
    open func transferOutline(_ id: TransferID) throws -> TransferOutline? { try base.transferOutline(id) }
    open func leftoverTransfers(after: TransferID?, limit: Int) throws -> [TransferOutline] {
        try base.leftoverTransfers(after: after, limit: limit)
    }
    open func isReplica(_ objectKey: String, in store: StoreName) throws -> Bool {
        try base.isReplica(objectKey, in: store)
    }
    open func promises(in store: StoreName) throws -> SpacePromises { try base.promises(in: store) }
    open func noteReleased(_ bytes: Int64, in store: StoreName) throws { try base.noteReleased(bytes, in: store) }
    open func identity(ofStore name: StoreName) throws -> StoreIdentity? { try base.identity(ofStore: name) }
    open func recordIdentity(_ identity: StoreIdentity, ofStore name: StoreName) throws -> StoreIdentity {
        try base.recordIdentity(identity, ofStore: name)
    }
    open func prunable(_ horizon: RetentionHorizon) throws -> PruneCount { try base.prunable(horizon) }
    open func markDiscarded(_ transfer: TransferID) throws { try base.markDiscarded(transfer) }
    open func prune(_ horizon: RetentionHorizon, limit: Int) throws -> PruneCount {
        try base.prune(horizon, limit: limit)
    }
    open func nextDue() throws -> Timestamp? { try base.nextDue() }
    open func insert(_ job: Job, _ admission: JobAdmission) throws { try base.insert(job, admission) }
    open func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool { try base.update(job, ifFenceIs: fence) }
    open func setSourceQuery(_ query: String?, of job: JobID) throws { try base.setSourceQuery(query, of: job) }
    open func nextDueJob(_ kind: JobKind, except held: HeldBack) throws -> Job? {
        try base.nextDueJob(kind, except: held)
    }
    open func hasClaimableJob(of kinds: Set<JobKind>, except held: HeldBack) throws -> Bool {
        try base.hasClaimableJob(of: kinds, except: held)
    }
    open func noteServed(_ owner: AccountID?, _ kind: JobKind) throws { try base.noteServed(owner, kind) }
    open func runningByOwner() throws -> [AccountID?: Int] { try base.runningByOwner() }
    open func runningBySourceHost() throws -> [String: Int] { try base.runningBySourceHost() }
    open func health(ofHost host: String) throws -> HostHealth? { try base.health(ofHost: host) }
    open func restedHosts() throws -> [HostHealth] { try base.restedHosts() }
    open func put(_ health: HostHealth) throws { try base.put(health) }
    open func forgetHost(_ host: String) throws { try base.forgetHost(host) }
    open func forgetHosts(unchangedSince moment: Timestamp) throws { try base.forgetHosts(unchangedSince: moment) }
    open func usage(of owner: AccountID?) throws -> OwnerUsage { try base.usage(of: owner) }
    open func overdueDeferredJobs(limit: Int) throws -> [Job] { try base.overdueDeferredJobs(limit: limit) }
    open func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        try base.extendLease(of: job, ifFenceIs: fence, by: duration)
    }
    open func jobsWithExpiredLease(limit: Int) throws -> [Job] { try base.jobsWithExpiredLease(limit: limit) }
    open func insert(_ image: Image) throws { try base.insert(image) }
    open func update(_ image: Image) throws { try base.update(image) }
    open func put(_ member: Member, of image: ImageID) throws { try base.put(member, of: image) }
    open func nextSequence(of image: ImageID) throws -> Int64 { try base.nextSequence(of: image) }
    open func append(_ entry: OutboxEntry) throws { try base.append(entry) }
    open func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws {
        try base.markPublished(numbers, unrouted: unrouted)
    }
    open func insert(_ transfer: Transfer) throws { try base.insert(transfer) }
    open func update(_ transfer: Transfer) throws { try base.update(transfer) }
    open func rememberCancel(of job: JobID, by account: AccountID?) throws {
        try base.rememberCancel(of: job, by: account)
    }
    open func rememberedCancels(of job: JobID) throws -> [AccountID?] { try base.rememberedCancels(of: job) }
    open func holdRole(_ role: String, worker: WorkerID, for duration: Duration) throws -> Bool {
        try base.holdRole(role, worker: worker, for: duration)
    }
}
