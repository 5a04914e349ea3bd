import Catalog
import GRDB
import ImageModel
import Synchronization

/// Keeps waits as long as they were meant to be when somebody sets the host's clock.
///
/// When a job may run again, and how long a source host rests, is written down as a time of day. Were the clock set
/// back by an hour, retries would wait an hour longer. So the catalog also knows how far the time of day is ahead of the
/// time since boot, and moves what waits when that changes.
final class ClockSteps: Sendable {
    /// Less is how a clock is adjusted all the time, and moves nobody's turn by much.
    private static let least: Int64 = 1_000_000

    private let settled = Atomic<Int64>(.min)

    /// Moves what waits if the clock was set since anybody looked last; comes first in a writing transaction.
    func follow(_ rows: SQLiteRows) throws {
        guard let ahead = rows.clock.ahead else { return }
        let seen = settled.load(ordering: .relaxed)
        guard seen == .min || abs(ahead - seen) >= Self.least else { return }
        let boot = rows.clock.bootID
        let known = try rows.first("SELECT boot, ahead FROM host_clock", [])
        let before: Int64? = known.flatMap { $0["boot"] == boot ? $0["ahead"] : nil }
        if let before, abs(ahead - before) < Self.least {
            // Not before it is certain that this is what the file says: a transaction may be undone.
            return settled.store(ahead, ordering: .relaxed)
        }
        // Nobody knows what happened to the clock while the host was down: waits then end at their time of day.
        if let before { try rows.moveWaits(by: .microseconds(ahead - before)) }
        try rows.run("DELETE FROM host_clock", [])
        try rows.run("INSERT INTO host_clock (boot, ahead) VALUES (?, ?)", [boot, ahead])
    }
}

extension SQLiteRows {
    /// Moves the end of every wait that was not over when the clock was set, but for what is to happen at a time of day
    /// that the job names.
    fileprivate func moveWaits(by step: Duration) throws {
        let sql = """
            SELECT body FROM jobs
            WHERE state IN ('queued', 'deferred', 'retrying') AND run_at > ? AND run_at < ?
            """
        let before = now + (.zero - step)
        let waiting = try all(sql, [before.microseconds, Int64.max]).map { try value(Job.self, from: $0["body"]) }
        for var job in waiting where job.runAt != job.request.deadline {
            job.runAt = job.runAt + step
            _ = try update(job, ifFenceIs: job.fence)
        }
        try run(
            "UPDATE source_hosts SET rest_until = rest_until + ? WHERE rest_until IS NOT NULL",
            [step.wholeMicroseconds])
    }
}
