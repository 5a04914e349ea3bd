import Catalog
import GRDB
import Synchronization

/// Brings writers that come together into one transaction, so that they share one fsync.
///
/// Each writer has a savepoint of its own: one that throws undoes only itself. Nobody is answered before the commit.
final class WriteQueue: Sendable {
    /// The most writers in one transaction: bounds how long the file is locked against other processes.
    private static let groupLimit = 32

    /// Answers a caller.
    typealias Answer = @Sendable () -> Void

    /// One caller's share of a transaction.
    struct Write: Sendable {
        /// Runs the caller's body; the answer is given once the commit is durable.
        let run: @Sendable (Database) throws -> Answer
        /// Answers the caller when there is no commit.
        let fail: @Sendable (any Error) -> Void
    }

    private let pool: DatabasePool
    private let waiting = Mutex<[Write]>([])

    init(pool: DatabasePool) {
        self.pool = pool
    }

    /// Enqueues a write; it is answered on the writer's thread.
    func enqueue(_ write: Write) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(write)
            return waiting.count == 1
        }
        // Whoever finds the queue empty calls the writer; the others are taken along.
        guard isFirst else { return }
        pool.asyncWriteWithoutTransaction { [self] database in drain(database) }
    }

    private func drain(_ database: Database) {
        while true {
            let group = waiting.withLock { Array($0.prefix(Self.groupLimit)) }
            guard !group.isEmpty else { return }
            let outcomes = Self.commit(group, in: database)
            // Taken out only now, so that nobody else calls the writer meanwhile.
            let isDone = waiting.withLock { waiting in
                waiting.removeFirst(group.count)
                return waiting.isEmpty
            }
            for (write, outcome) in zip(group, outcomes) {
                switch outcome {
                case .success(let answer): answer()
                case .failure(let error): write.fail(error)
                }
            }
            if isDone { return }
        }
    }

    /// Runs the group in one transaction and returns what became of each.
    private static func commit(_ group: [Write], in database: Database) -> [Result<Answer, any Error>] {
        var outcomes: [Result<Answer, any Error>] = []
        do {
            try database.inTransaction(.immediate) {
                for write in group {
                    outcomes.append(try attempt(write, in: database, isAlone: group.count == 1))
                }
                return .commit
            }
            return outcomes
        } catch {
            // Nothing of the group is there. Those that failed by themselves keep their own reason.
            return group.indices.map { index in
                guard index < outcomes.count, case .failure = outcomes[index] else { return .failure(error) }
                return outcomes[index]
            }
        }
    }

    /// Runs one write in its savepoint; throws only when the whole transaction is lost.
    private static func attempt(
        _ write: Write, in database: Database, isAlone: Bool
    ) throws -> Result<Answer, any Error> {
        if isAlone { return .success(try write.run(database)) }
        do {
            var answer: Answer?
            try database.inSavepoint {
                answer = try write.run(database)
                return .commit
            }
            guard let answer else { throw CatalogError(.unavailable, "the savepoint was not run") }
            return .success(answer)
        } catch {
            // SQLite ends the transaction by itself when there is no room or memory left.
            guard database.isInsideTransaction else { throw error }
            return .failure(error)
        }
    }
}
