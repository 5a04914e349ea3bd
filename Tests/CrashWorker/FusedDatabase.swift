import Catalog
import ImageModel
import Synchronization
import TestSupport

/// A catalog's database with a fuse before and after the commit of each transaction.
struct FusedDatabase: CatalogDatabase {
    let base: any CatalogDatabase
    let fuse: Fuse

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        let steps = StepsTaken()
        let fuse = fuse
        let result = try await base.write { rows in
            let watched = WatchedTransaction(rows)
            let result = try body(watched)
            for step in watched.steps { try fuse.reachOrFail(.beforeCommit(step)) }
            steps.set(watched.steps)
            return result
        }
        for step in steps.all { try fuse.reachOrFail(.afterCommit(step)) }
        return result
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await base.read(body)
    }

    func close() async {
        await base.close()
    }
}

/// What the last run of a transaction's body did.
private final class StepsTaken: Sendable {
    private let steps = Mutex<[CommitStep]>([])

    var all: [CommitStep] { steps.withLock { $0 } }

    func set(_ taken: [CommitStep]) {
        steps.withLock { $0 = taken }
    }
}

/// Tells from the rows that are written what a transaction does.
private final class WatchedTransaction: ForwardingTransaction {
    private var taken: Set<CommitStep> = []
    private var hasProlonged = false

    /// In a fixed order.
    var steps: [CommitStep] {
        let isRenewal = hasProlonged && taken.isEmpty
        return CommitStep.allCases.filter { taken.contains($0) || isRenewal && $0 == .renewed }
    }

    override func insert(_ job: Job, _ admission: JobAdmission) throws {
        try super.insert(job, admission)
        taken.insert(.accepted)
        if job.state.isTerminal { taken.insert(.ended) }
    }

    override func update(_ job: Job, ifFenceIs fence: Int64) throws -> Bool {
        let before = try base.job(job.id)?.state
        let isWritten = try super.update(job, ifFenceIs: fence)
        guard isWritten, let before, before != job.state else { return isWritten }
        switch job.state {
        case .running: taken.insert(.claimed)
        case .retrying: taken.insert(.retrying)
        case .queued where before == .running: taken.insert(.givenBack)
        case .succeeded, .failed, .cancelled: taken.insert(.ended)
        case .queued, .deferred: break
        }
        return isWritten
    }

    override func extendLease(of job: JobID, ifFenceIs fence: Int64, by duration: Duration) throws -> Bool {
        hasProlonged = true
        return try super.extendLease(of: job, ifFenceIs: fence, by: duration)
    }

    override func update(_ image: Image) throws {
        let before = try base.image(image.id)?.status
        try super.update(image)
        if image.status == .deleting, before != .deleting { taken.insert(.tombstone) }
    }

    override func insert(_ transfer: Transfer) throws {
        try super.insert(transfer)
        taken.insert(.transfer)
    }

    override func update(_ transfer: Transfer) throws {
        try super.update(transfer)
        switch transfer.state {
        case .staging: taken.insert(.checkpoint)
        case .committing: taken.insert(.committing)
        case .abandoned: taken.insert(.abandoned)
        case .discarded: taken.insert(.cleared)
        case .committed: break
        }
    }

    override func markPublished(_ numbers: [Int64], unrouted: [Int64]) throws {
        try super.markPublished(numbers, unrouted: unrouted)
        if !numbers.isEmpty { taken.insert(.published) }
    }
}
