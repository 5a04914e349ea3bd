import Catalog
import ImageJobs
import ImageModel
import Logging

/// Renews the leases of running jobs, and stops the jobs that must not go on.
struct LeaseKeeper: Sendable {
    let catalog: ImageCatalog
    let plan: WorkerPlan
    let time: any TimeSource
    let running: RunningJobs
    let pulse: Pulse
    /// Signalled when this worker has taken in what may end a job, or has heard of it.
    let wakeUp: WakeUp
    let logger: Logger

    /// How soon a renewal that failed is tried again: more often than three times in the life of a lease.
    private static var retryInterval: Duration { .seconds(1) }

    /// Renews every lease at least once in each renewal interval, until the task is cancelled.
    func renew() async {
        while !Task.isCancelled {
            pulse.beat(.leaseKeeper, at: time.now())
            let hasRenewed = await renewOnce(running.leases)
            try? await time.sleep(
                for: hasRenewed ? plan.leaseRenewal : min(Self.retryInterval, plan.leaseRenewal))
        }
    }

    private func renewOnce(_ leases: [JobLease]) async -> Bool {
        guard !leases.isEmpty else { return true }
        // Counted from before the request was sent: the catalog counts from when it got it.
        let asked = time.now()
        do throws(CatalogError) {
            let standings = try await pulse.asking(.leaseKeeper, time) { () throws(CatalogError) in
                try await catalog.renew(leases, by: plan.leaseDuration)
            }
            for lease in leases {
                switch standings[lease] {
                case .good: running.prolong(lease, until: asked + plan.leaseDuration)
                case .cancelRequested:
                    running.prolong(lease, until: asked + plan.leaseDuration)
                    running.stop(lease, .cancelRequested)
                case .deadlinePassed:
                    running.prolong(lease, until: asked + plan.leaseDuration)
                    running.stop(lease, .deadlinePassed)
                case nil:
                    // A job that has just ended has no lease either; stopping it then does nothing.
                    running.stop(lease, .leaseLost)
                }
            }
            return true
        } catch {
            logger.error("Leases could not be renewed", metadata: ["error": "\(error)", "leases": "\(leases.count)"])
            return false
        }
    }

    /// How often it looks for requests that other workers took in; half of it is added to the mean time of a cancel.
    private static let cancelPoll = Duration.milliseconds(250)
    /// The same where others tell of them; how long a cancel takes when they do not.
    private static let hintedCancelPoll = Duration.seconds(1)

    /// Looks for leases that ran out, until the task is cancelled.
    ///
    /// It asks no database about time: a worker that cannot reach the catalog must stop by itself.
    func watch() async {
        while !Task.isCancelled {
            for lease in running.stopExpired(at: time.now()) {
                logger.error(
                    "A lease ran out before it could be renewed; the job is stopped",
                    metadata: ["job-id": "\(lease.job)", "fence": "\(lease.fence)"])
            }
            try? await time.sleep(for: plan.poll)
        }
    }

    /// Stops jobs whose end was asked for, until the task is cancelled: at once when this worker took the request in,
    /// at the next look when another one did.
    func watchForCancels() async {
        let interval = catalog.givesHints ? Self.hintedCancelPoll : min(plan.poll, Self.cancelPoll)
        while !Task.isCancelled {
            let leases = running.leases
            if !leases.isEmpty, let requested = try? await catalog.cancelRequests(among: leases) {
                for lease in requested { running.stop(lease, .cancelRequested) }
            }
            await wakeUp.wait(atMost: interval, time: time)
        }
    }
}
