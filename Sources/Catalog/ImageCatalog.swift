public import ImageModel

/// The catalog: the truth about jobs and images, and the only place that decides what may happen to them.
///
/// Every method is one transaction. Whatever changes a state writes the event that announces it in the same
/// transaction, so no event exists without its change and no change without its event.
public struct ImageCatalog: Sendable {
    private let database: any CatalogDatabase
    private let random: any RandomSource
    private let unknownGrace: Duration
    /// What is asked of jobs beyond the catalog's own rules.
    public let policy: any ImagePolicy
    let limits: CatalogLimits
    var secrets: any SecretSealing = UnsealedSecrets()

    /// A catalog on a database.
    ///
    /// - Parameters:
    ///   - unknownGrace: How long a job waits for an image nobody has heard of yet.
    ///   - limits: What nobody may exceed; the same for every worker of the catalog.
    ///   - policy: What is asked of jobs beyond the catalog's own rules.
    public init(
        database: any CatalogDatabase, random: any RandomSource, unknownGrace: Duration = .seconds(60),
        limits: CatalogLimits = CatalogLimits(), policy: any ImagePolicy = OpenPolicy()
    ) {
        self.database = database
        self.random = random
        self.unknownGrace = unknownGrace
        self.policy = policy
        self.limits = limits
    }

    /// Asks the rows; see ``CatalogReader`` for the questions.
    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await database.read(body)
    }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Ledger) throws -> Result
    ) async throws(CatalogError) -> Result {
        let random = random
        let unknownGrace = unknownGrace
        let limits = limits
        let policy = policy
        return try await database.write { rows in
            let ledger = Ledger(
                rows: rows, random: random, unknownGrace: unknownGrace, limits: limits, policy: policy)
            let result = try body(ledger)
            try ledger.settle()
            return result
        }
    }
}

extension ImageCatalog {
    /// What other workers may have done; see ``CatalogDatabase/hints()``.
    public func hints() -> AsyncStream<CatalogHint> { database.hints() }

    /// Whether ``hints()`` tells anything.
    public var givesHints: Bool { database.givesHints }

    /// Closes the database; comes last, when nobody uses the catalog any more.
    public func close() async {
        await database.close()
    }
}

// MARK: - Intake

extension ImageCatalog {
    /// Takes a batch of decoded messages in, in their order, all or none.
    ///
    /// A message that was taken in before changes nothing, so a batch may be repeated after a crash. Each result
    /// stands at the place of its item.
    public func accept(_ batch: [IntakeItem]) async throws(CatalogError) -> [Acceptance] {
        var items: [IntakeItem] = []
        for item in batch { items.append(try sealed(item)) }
        let sealedItems = items
        return try await write { ledger in try sealedItems.map(ledger.accept) }
    }

    /// How much waits, for whoever decides whether more may come in.
    public func intakeLoad() async throws(CatalogError) -> IntakeLoad {
        let grace = unknownGrace
        return try await read { rows in try rows.intakeLoad(grace: grace) }
    }

    /// Fails the oldest `limit` jobs that follow jobs nobody has heard of, with `predecessor_failed`, provided that
    /// nothing in the catalog can move.
    ///
    /// - Returns: How many were failed, those apart that failed because they follow them.
    public func refuseStranded(limit: Int) async throws(CatalogError) -> Int {
        try await write { ledger in try ledger.refuseStranded(limit: limit) }
    }
}

// MARK: - Leases

extension ImageCatalog {
    /// Gives due jobs to a worker, at most `slots[kind]` of each kind, each with a lease.
    ///
    /// Jobs whose lease ran out are taken back first, and jobs whose time to wait has passed are looked at again.
    /// Whose turn it is, and what may not begin although a slot is free, stands in <doc:TurnsAndLimits>.
    public func claim(
        for worker: WorkerID, slots: [JobKind: Int], lease duration: Duration
    ) async throws(CatalogError) -> ClaimResult {
        var result = try await write { ledger in try ledger.claim(for: worker, slots: slots, lease: duration) }
        result.jobs = result.jobs.map(opened)
        return result
    }

    /// What a claim for these slots would find, asked without a lock that anybody waits for.
    ///
    /// It is no promise: of many that look at the same moment one gets the job. Where nobody gets one it costs the database
    /// a fraction of a claim.
    public func outlook(for slots: [JobKind: Int]) async throws(CatalogError) -> ClaimOutlook {
        let kinds = Set(slots.filter { $0.value > 0 }.keys)
        let limits = limits
        return try await read { rows in
            let untilNextDue = try rows.nextDue().map { $0 - rows.now }
            guard !kinds.isEmpty, try rows.hasClaimableJob(of: kinds, except: HeldBack()) else {
                return ClaimOutlook(isPromising: false, untilNextDue: untilNextDue)
            }
            let held = try Holds(rows, limits: limits).heldBack
            let isPromising = try held == HeldBack() || rows.hasClaimableJob(of: kinds, except: held)
            return ClaimOutlook(isPromising: isPromising, untilNextDue: untilNextDue)
        }
    }

    /// Prolongs leases and tells how each job stands.
    ///
    /// - Returns: The leases that are still good, and for each whether the end of its job was asked for. A lease that
    ///   is missing is lost.
    public func renew(
        _ leases: [JobLease], by duration: Duration
    ) async throws(CatalogError) -> [JobLease: LeaseStanding] {
        try await write { ledger in try ledger.renew(leases, by: duration) }
    }

    /// The same jobs, each that is due but held back with the reason for it.
    ///
    /// The reason is not stored: it is true at this moment, under the limits of this catalog.
    public func explained(_ jobs: [Job]) async throws(CatalogError) -> [Job] {
        let limits = limits
        return try await read { rows in
            let holds = try Holds(rows, limits: limits)
            return jobs.map { job in
                guard job.state == .queued || job.state == .retrying, job.runAt <= rows.now else { return job }
                var explained = job
                explained.reason = holds.reason(for: job)
                return explained
            }
        }
    }

    /// Which of these jobs somebody asked to end.
    public func cancelRequests(among leases: [JobLease]) async throws(CatalogError) -> [JobLease] {
        try await read { rows in try leases.filter { try rows.job($0.job)?.isCancelRequested == true } }
    }
}

// MARK: - Imports

extension ImageCatalog {
    /// Records a transfer before its first byte is written, promises it space of its store, and reserves its bytes of the
    /// owner's quota.
    ///
    /// - Parameters:
    ///   - size: How many bytes it will have; nil when nobody told.
    ///   - demand: How many of them are to be promised.
    ///   - space: A measurement of `store`; nil when it has no bounds.
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost; with `noSpace` when the store cannot take so
    ///   much besides all that is promised already; with `quotaExceeded` when the owner may not have so many bytes.
    ///   Nothing is recorded then.
    public func beginTransfer(
        _ lease: JobLease, to store: StoreName, expecting size: Int64? = nil, _ demand: SpaceDemand? = nil,
        in space: SpaceMeasurement? = nil
    ) async throws(CatalogError) -> Transfer {
        try await write { ledger in
            try ledger.beginTransfer(lease, to: store, expecting: size, demand, in: space)
        }
    }

    /// Records how far the bytes of one attempt's transfers are durable, in all of them at once.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost.
    public func noteCheckpoint(
        _ lease: JobLease, of transfers: [TransferID], _ checkpoint: TransferCheckpoint
    ) async throws(CatalogError) {
        try await write { ledger in try ledger.noteCheckpoint(lease, of: transfers, checkpoint) }
    }

    /// Records that all bytes of a transfer are durable and verified; only then may the store commit them.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost, `cancelRequested` when a cancel was accepted,
    ///   `quotaExceeded` when the owner may not have so many bytes: they must not be committed.
    public func beginCommit(
        _ lease: JobLease, of transfer: TransferID, with result: TransferResult
    ) async throws(CatalogError) {
        try await write { ledger in try ledger.beginCommit(lease, of: transfer, with: result) }
    }

    /// Gives a transfer up, so that no successor can make an image of it: only then may its bytes be removed.
    ///
    /// Bytes cannot be fenced. A worker that was frozen while it removed them could take away what its successor has
    /// recorded meanwhile.
    ///
    /// - Returns: The transfer, for ``noteCleared(_:)``.
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost: the bytes may be an image by now.
    public func abandon(_ lease: JobLease, _ transfer: TransferID) async throws(CatalogError) -> Transfer {
        try await write { ledger in try ledger.abandon(lease, transfer) }
    }

    /// Records that nothing is left of abandoned transfers. Needs no lease: no job will use them.
    public func noteCleared(_ transfers: [Transfer]) async throws(CatalogError) {
        try await write { ledger in try ledger.noteCleared(transfers) }
    }

    /// Remembers how far a job is and what was learnt of its source. Announces nothing.
    public func noteProgress(
        _ lease: JobLease, _ progress: JobProgress, source: SourceFacts?
    ) async throws(CatalogError) -> ImageEvent {
        try await write { ledger in try ledger.noteProgress(lease, progress, source: source) }
    }

    /// Ends an import well: the image is active in the given places.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost, `cancelRequested` when a cancel was accepted.
    public func completeImport(
        _ lease: JobLease, result: TransferResult, replicas: [Replica]
    ) async throws(CatalogError) {
        try await write { ledger in try ledger.completeImport(lease, result: result, replicas: replicas) }
    }
}

// MARK: - Copies

extension ImageCatalog {
    /// Asks whether a copy may begin, or go on.
    ///
    /// - Returns: What to bring where; nil when the job has ended: it may not copy, or nothing is left to do.
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost.
    public func beginCopy(_ lease: JobLease) async throws(CatalogError) -> CopyOrder? {
        try await write { ledger in try ledger.beginCopy(lease) }
    }

    /// Ends a copy well: the bytes are in the given place.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when the lease is lost, `cancelRequested` when a cancel was accepted.
    public func completeCopy(_ lease: JobLease, replica: Replica) async throws(CatalogError) {
        try await write { ledger in try ledger.completeCopy(lease, replica: replica) }
    }
}

// MARK: - Jobs that only change rows

extension ImageCatalog {
    /// Carries a share job out, from its rights to its event.
    public func share(_ lease: JobLease) async throws(CatalogError) {
        try await write { ledger in try ledger.share(lease) }
    }

    /// Carries an update job out, from its rights to its event.
    public func update(_ lease: JobLease) async throws(CatalogError) {
        try await write { ledger in try ledger.update(lease) }
    }

    /// Sets the tombstone of a delete job, or ends the job when it may not delete.
    ///
    /// - Returns: The replicas whose bytes are to go; nil when the job has ended.
    public func beginDelete(_ lease: JobLease) async throws(CatalogError) -> [Replica]? {
        try await write { ledger in try ledger.beginDelete(lease) }
    }

    /// Ends a delete job whose bytes are gone.
    public func completeDelete(_ lease: JobLease) async throws(CatalogError) {
        try await write { ledger in try ledger.completeDelete(lease) }
    }
}

// MARK: - Other ends

extension ImageCatalog {
    /// Ends an attempt that may succeed later; the job fails with `attempts_exhausted` when that was the last one.
    public func retry(
        _ lease: JobLease, after delay: Duration, because failure: Failure
    ) async throws(CatalogError) {
        try await write { ledger in try ledger.retry(lease, after: delay, because: failure) }
    }

    /// Ends a job that cannot succeed: as failed, or as cancelled when a cancel was accepted.
    public func fail(_ lease: JobLease, because failure: Failure) async throws(CatalogError) {
        try await write { ledger in try ledger.fail(lease, because: failure) }
    }

    /// Ends a job whose end was asked for.
    public func cancel(_ lease: JobLease) async throws(CatalogError) {
        try await write { ledger in try ledger.cancel(lease) }
    }

    /// Ends a job that was still running at its deadline, by the clock of the database, as failed with `deadline_exceeded`.
    public func expire(_ lease: JobLease) async throws(CatalogError) {
        try await write { ledger in try ledger.expire(lease) }
    }

    /// Gives a job back because its worker stops; no attempt is counted.
    public func giveBack(_ lease: JobLease) async throws(CatalogError) {
        try await write { ledger in try ledger.giveBack(lease) }
    }
}

// MARK: - Outbox

extension ImageCatalog {
    /// Takes or prolongs a role that one worker of this catalog holds at a time.
    public func holdRole(
        _ role: String, as worker: WorkerID, for duration: Duration
    ) async throws(CatalogError) -> Bool {
        try await write { ledger in try ledger.rows.holdRole(role, worker: worker, for: duration) }
    }

    /// Marks entries of the outbox as confirmed by the broker.
    public func markPublished(_ numbers: [Int64], unrouted: [Int64]) async throws(CatalogError) {
        try await write { ledger in try ledger.rows.markPublished(numbers, unrouted: unrouted) }
    }
}
