import Catalog
import ImageJobs
import ImageModel
import Logging

/// Claims due jobs for free slots and runs each in a task of its own.
struct Scheduler: Sendable {
    let catalog: ImageCatalog
    let runner: JobRunner
    let worker: WorkerID
    let plan: WorkerPlan
    let time: any TimeSource
    let running: RunningJobs
    let wakeUp: WakeUp
    let pulse: Pulse
    let logger: Logger
    /// Called when jobs have begun or ended: there is something to announce.
    let didChange: @Sendable () -> Void

    /// Runs jobs until `drain` is asked for, then lets the running ones finish for a while and stops the rest.
    func run(until drain: DrainRequest) async {
        await withDiscardingTaskGroup { group in
            var pace = IdlePace(from: plan.poll, to: catalog.tellsWakeUps ? plan.idlePoll : plan.poll)
            while !drain.isRequested && !Task.isCancelled {
                pulse.beat(.scheduler, at: time.now())
                // Counted from before the request was sent: the catalog counts from when it got it.
                let goodUntil = time.now() + plan.leaseDuration
                let claimed = await claim()
                for job in claimed { start(job, goodUntil: goodUntil, in: &group) }
                guard claimed.isEmpty else {
                    didChange()
                    pace.reset()
                    continue
                }
                if await wakeUp.wait(atMost: await pause(atMost: pace.next()), time: time) { pace.reset() }
            }
            await finishRunning()
        }
    }

    private func claim() async -> [ClaimedJob] {
        await claim(plan.slots.merging(running.counts) { slots, used in max(0, slots - used) })
    }

    /// Claims at most as many jobs of each kind as `free` says; none while the catalog is away.
    func claim(_ free: [JobKind: Int]) async -> [ClaimedJob] {
        guard free.values.contains(where: { $0 > 0 }) else { return [] }
        do throws(CatalogError) {
            return try await catalog.claim(for: worker, slots: free, lease: plan.leaseDuration)
        } catch {
            logger.error("No job can be claimed", metadata: ["error": "\(error)"])
            return []
        }
    }

    func start(_ claimed: ClaimedJob, goodUntil: Duration, in group: inout DiscardingTaskGroup) {
        let control = JobControl()
        running.add(claimed.lease, kind: claimed.job.kind, control: control, goodUntil: goodUntil)
        logger.info("Job started", metadata: metadata(of: claimed))
        group.addTask {
            await runner.run(claimed, control: control)
            running.remove(claimed.lease)
            logger.info("Job left this worker", metadata: metadata(of: claimed))
            didChange()
            wakeUp.signal()
        }
    }

    /// Until the next waiting job is due, but never longer than `limit`: other workers leave work too.
    func pause(atMost limit: Duration) async -> Duration {
        let untilDue = try? await catalog.read { rows in try rows.nextDue().map { $0 - rows.now } }
        guard let duration = untilDue else { return limit }
        return min(max(duration, .milliseconds(1)), limit)
    }

    func finishRunning() async {
        let deadline = time.now() + plan.drain
        while !running.isEmpty, time.now() < deadline, !Task.isCancelled {
            pulse.beat(.scheduler, at: time.now())
            await wakeUp.wait(atMost: min(plan.poll, max(deadline - time.now(), .zero)), time: time)
        }
        running.stopAll(.shutdown)
    }

    private func metadata(of claimed: ClaimedJob) -> Logger.Metadata {
        [
            "job-id": "\(claimed.job.id)", "kind": "\(claimed.job.kind.rawValue)",
            "image-id": "\(claimed.job.imageID?.rawValue ?? "-")", "attempt": "\(claimed.job.attempt)",
            "fence": "\(claimed.lease.fence)",
        ]
    }
}
