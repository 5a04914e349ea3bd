import Catalog
import Glibc
import ImageModel

/// One call of the catalog: its transaction, and the next ones when that one could not be done.
struct TransactionRun {
    let session: Session
    let keys: LockKeys

    init(session: Session, keys: LockKeys) {
        self.session = session
        self.keys = keys
    }

    /// How long a call tries to reach a server that is away. Callers have patience of their own, and reasons to know.
    private static let patience: Int64 = 5_000_000
    /// How long it is asked for after a commit whose fate is unknown.
    private static let patienceForCommit: Int64 = 30_000_000
    /// Runs after which the next has the catalog to itself, so that every call comes to its end.
    private static let runsInCompany = 3
    private static let mostRuns = 12
    private static let runsForDuplicates = 3

    func read<Result>(_ body: (any CatalogReader) throws -> Result) throws -> Result {
        try repeating { _ in
            let now = try session.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \(ServerClock.question)")
            let rows = PostgreSQLRows(session, keys: keys, clock: try ServerClock(now), isWriting: false)
            let result = try body(rows)
            try session.execute("COMMIT")
            return result
        }
    }

    func write<Result>(_ body: (any CatalogTransaction) throws -> Result) throws -> Result {
        try repeating { alone in
            session.writtenRows = 0
            let now = try session.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \(keys.beginning(alone: alone)); \(ServerClock.question)")
            let rows = PostgreSQLRows(session, keys: keys, clock: try ServerClock(now), isWriting: true, alone: alone)
            let result = Swift.Result { try body(rows) }
            if !rows.missing.isEmpty { throw MissingLocks(locks: rows.missing) }
            let value = try result.get()
            try commit(notices: notices(of: rows))
            return value
        }
    }

    /// Runs `transaction` until it is done, or fails by an error that will not pass.
    private func repeating<Result>(
        _ transaction: (_ alone: Set<LockKeys.Exclusive>) throws -> Result
    ) throws -> Result {
        var runs = 0
        var lost: Int64?
        var alone: Set<LockKeys.Exclusive> = []
        while true {
            var tried: Int64? = ServerClock.now
            do {
                try session.open()
                tried = nil
                return try transaction(alone)
            } catch let error as MissingLocks {
                rollBack()
                alone.formUnion(error.locks)
            } catch let error as ServerError where error.isDuplicate && runs < Self.runsForDuplicates {
                // Somebody has inserted the same at the same moment: the next run finds it.
                rollBack()
                runs += 1
            } catch let error as ServerError where error.isWorthAnotherRun {
                rollBack()
                runs += 1
                // How long the body took until the connection was lost says nothing about the server.
                if !session.isOpen { lost = lost ?? tried ?? ServerClock.now }
                let waited = lost.map { ServerClock.now - $0 } ?? 0
                let isHopeless = session.isOpen ? runs >= Self.mostRuns : waited >= Self.patience
                guard !isHopeless else { throw error }
                // Whom it has met it would meet again, and every dead lock lasts until the server looks for it.
                if session.isOpen, error.isDeadLock || runs >= Self.runsInCompany { alone.insert(.everybody) }
                pause(after: runs)
            } catch {
                rollBack()
                throw error
            }
        }
    }

    private func rollBack() {
        guard session.isOpen else { return }
        do {
            try session.execute("ROLLBACK")
        } catch {
            // What a server does not hear it does anyway when the connection ends.
            session.close()
        }
    }

    /// Longer from run to run, and not the same for those that met.
    private func pause(after runs: Int) {
        let most = UInt32(10_000) << UInt32(min(runs, 5))
        usleep(most / 2 + UInt32.random(in: 0...most / 2))
    }
}

/// A transaction that turned out to need locks which have to be taken first is run again with them.
private struct MissingLocks: Error {
    let locks: Set<LockKeys.Exclusive>
}

// MARK: - Commit

extension TransactionRun {
    /// Commits, and finds out what became of it when the answer does not come.
    private func commit(notices: String) throws {
        guard session.writtenRows > 0 else {
            // Nothing was written, so nothing can be half known.
            try session.execute("COMMIT")
            return
        }
        let mark = CommitMark(session: session.name, number: session.nextMark())
        do {
            let answer = try session.execute("\(mark.statement); \(notices)COMMIT")
            guard answer.command == "COMMIT" else {
                throw ServerError(state: nil, message: "the transaction was rolled back", isConnectionLost: false)
            }
        } catch let error as ServerError where error.isConnectionLost {
            guard try wasCommitted(mark) else { throw error }
        }
    }

    /// The statements that tell others what this transaction has done. Requests to cancel are few, and each is told.
    private func notices(of rows: PostgreSQLRows) -> String {
        var notices = ""
        if rows.hasCancelledRunningJobs { notices += "NOTIFY \(keys.channel), '\(CatalogHint.cancelPayload)'; " }
        let kinds = session.kindsToNotify(of: rows.readiedKinds, at: ServerClock.now)
        if !kinds.isEmpty { notices += "NOTIFY \(keys.channel), '\(CatalogHint.payload(of: kinds))'; " }
        return notices
    }

    private func wasCommitted(_ mark: CommitMark) throws -> Bool {
        let asked = ServerClock.now
        var runs = 0
        while true {
            do {
                try session.open()
                return try session.execute(mark.question).affected == 0
            } catch let error as ServerError where error.isWorthAnotherRun {
                runs += 1
                guard ServerClock.now - asked < Self.patienceForCommit else {
                    throw CatalogError(
                        .unavailable,
                        "the connection was lost during a commit and does not come back, so whether it was done is "
                            + "unknown: \(error.message)")
                }
                pause(after: runs)
            }
        }
    }
}

/// A row that a transaction writes last, by which its fate can be told; see <doc:AmbiguousCommits>.
struct CommitMark {
    let session: String
    let number: Int64

    /// Writes the row and takes away the one before.
    var statement: String {
        """
        DELETE FROM commit_marks WHERE session = '\(session)' AND number < \(number); \
        INSERT INTO commit_marks (session, number) VALUES ('\(session)', \(number))
        """
    }

    /// Takes away what a session has left.
    static func removal(of session: String) -> String { "DELETE FROM commit_marks WHERE session = '\(session)'" }

    /// Writes the row in its place unless it is there: whichever of the two is second does nothing, so that a commit
    /// which is still on its way cannot happen any more once this has been answered.
    var question: String {
        """
        INSERT INTO commit_marks (session, number) VALUES ('\(session)', \(number)) \
        ON CONFLICT (session, number) DO NOTHING
        """
    }
}
