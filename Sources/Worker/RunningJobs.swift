import Catalog
import ImageJobs
import ImageModel
import Synchronization

/// The jobs this worker runs, shared by the scheduler, which adds them, and the lease keeper, which may stop them.
final class RunningJobs: Sendable {
    private let jobs = Mutex<[JobLease: Running]>([:])

    /// A running job.
    struct Running: Sendable {
        let kind: JobKind
        let control: JobControl
        /// When the lease runs out, counted from before it was asked for.
        var goodUntil: Duration
    }

    /// How many jobs of each kind run.
    var counts: [JobKind: Int] {
        jobs.withLock { jobs in jobs.values.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 } }
    }

    /// The leases held, in the order of their jobs.
    var leases: [JobLease] {
        jobs.withLock { $0.keys.sorted { $0.job < $1.job } }
    }

    /// Whether none runs.
    var isEmpty: Bool { jobs.withLock(\.isEmpty) }

    func add(_ lease: JobLease, kind: JobKind, control: JobControl, goodUntil: Duration) {
        jobs.withLock { $0[lease] = Running(kind: kind, control: control, goodUntil: goodUntil) }
    }

    func remove(_ lease: JobLease) {
        jobs.withLock { _ = $0.removeValue(forKey: lease) }
    }

    func prolong(_ lease: JobLease, until goodUntil: Duration) {
        jobs.withLock { $0[lease]?.goodUntil = goodUntil }
    }

    /// Stops one job, if it still runs.
    ///
    /// - Returns: Whether that was news to the job.
    @discardableResult
    func stop(_ lease: JobLease, _ reason: StopReason) -> Bool {
        jobs.withLock { $0[lease]?.control }?.stop(reason) ?? false
    }

    /// Stops every job, in their order: the order of a dictionary would make each run another one.
    func stopAll(_ reason: StopReason) {
        for lease in leases { stop(lease, reason) }
    }

    /// Stops the jobs whose lease has run out at `now`.
    ///
    /// - Returns: Their leases, without those that were known to be lost.
    func stopExpired(at now: Duration) -> [JobLease] {
        let expired = jobs.withLock { jobs in jobs.filter { $0.value.goodUntil <= now } }
        return expired.keys.sorted { $0.job < $1.job }.filter { stop($0, .leaseLost) }
    }
}
