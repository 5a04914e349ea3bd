import Catalog
import ImageModel

/// The rows of one PostgreSQL transaction.
///
/// What a writing transaction reads it has locked, so that nobody else changes it before the end; see
/// <doc:LocksBeforeReads>.
struct PostgreSQLRows: CatalogTransaction {
    let session: Session
    let keys: LockKeys
    let clock: ServerClock
    /// Whether this transaction writes; one that only reads has a snapshot and locks nothing.
    let isWriting: Bool
    /// The locks that this transaction has taken alone.
    let alone: Set<LockKeys.Exclusive>
    let memory = Memory()

    /// What this transaction has locked, and what it knows of it.
    final class Memory {
        var jobs: [JobID: Job] = [:]
        var images: [ImageID: Image] = [:]
        var lockedImages: Set<ImageID> = []
        /// What was asked for, is not there, and was not inserted since.
        var absent: Set<String> = []
        var heldLocks: Set<String> = []
        var countedOwner: String?
        var wanted: Set<LockKeys.Exclusive> = []
        /// Kinds with due jobs, those included that have become due by this transaction.
        var dueKinds: Set<JobKind>?
        var late: (isLeaseOver: Bool, isDeferredJobDue: Bool)?
        var readiedKinds: Set<JobKind> = []
        var hasCancelledRunningJobs = false
    }

    init(
        _ session: Session, keys: LockKeys, clock: ServerClock, isWriting: Bool, alone: Set<LockKeys.Exclusive> = []
    ) {
        self.session = session
        self.keys = keys
        self.clock = clock
        self.isWriting = isWriting
        self.alone = alone
    }

    /// The server's clock.
    var now: Timestamp { clock.serverTime }

    func catalogID() throws -> CatalogID {
        guard let row = try first("SELECT id FROM catalog"), let id = CatalogID(try row.text("id")) else {
            throw CatalogError(.corrupt, "the catalog has no id")
        }
        return id
    }

    func nextSequence(of image: ImageID) throws -> Int64 {
        let sql = """
            INSERT INTO sequences AS s (image, last) VALUES ($1, 1)
            ON CONFLICT (image) DO UPDATE SET last = s.last + 1 RETURNING last
            """
        guard let number = try write(sql, [.text(image.rawValue)]).rows.first?.integer("last") else {
            throw CatalogError(.corrupt, "image \(image) got no sequence number")
        }
        return number
    }

    func holdRole(_ role: String, worker: WorkerID, for duration: Duration) throws -> Bool {
        let sql = """
            INSERT INTO roles AS r (role, worker, until) VALUES ($1, $2, $3)
            ON CONFLICT (role) DO UPDATE SET worker = excluded.worker, until = excluded.until
            WHERE r.worker = excluded.worker OR r.until <= $4
            """
        let now = now
        return try write(
            sql,
            [
                .text(role), .text(worker.rawValue), .integer((now + duration).microseconds),
                .integer(now.microseconds),
            ]
        ).affected == 1
    }
}

// MARK: - Statements

extension PostgreSQLRows {
    /// Runs a statement that changes rows.
    @discardableResult
    func write(_ sql: String, _ parameters: [Parameter]) throws -> Answer {
        let answer = try session.run(sql, parameters)
        session.writtenRows += answer.affected
        return answer
    }

    /// All rows of a query.
    func all(_ sql: String, _ parameters: [Parameter] = []) throws -> [AnswerRow] {
        try session.run(sql, parameters).rows
    }

    /// The first row of a query.
    func first(_ sql: String, _ parameters: [Parameter] = []) throws -> AnswerRow? {
        try all(sql, parameters).first
    }

    /// The kinds of which jobs became ready to begin, which idle workers may like to hear.
    var readiedKinds: Set<JobKind> { memory.readiedKinds }

    /// Whether the end of jobs that run was asked for, which their workers should hear.
    var hasCancelledRunningJobs: Bool { memory.hasCancelledRunningJobs }

    /// Follows a query whose rows are to be locked; a query for reading alone has nothing to follow.
    func locking(_ clause: String = "FOR UPDATE") -> String { isWriting ? clause : "" }
}
