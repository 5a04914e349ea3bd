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
    let hintDelay = HintDelay()
    let pulse: Pulse
    let logger: Logger
    /// Called when jobs have begun or ended: there is something to announce.
    let didChange: @Sendable () -> Void

    /// Runs jobs until `drain` is asked for, then lets the running ones finish for a while and stops the rest.
    func run(until drain: DrainRequest) async {
        await withDiscardingTaskGroup { group in
            var pace = IdlePace(from: plan.poll, to: catalog.givesHints ? plan.idlePoll : plan.poll)
            // A free slot and a job that came in here are good reasons; all others are looked into before.
            var hasReason = true
            while !drain.isRequested && !Task.isCancelled {
                pulse.beat(.scheduler, at: time.now())
                var isVain = false
                if hasReason {
                    // Counted from before the request was sent: the catalog counts from when it got it.
                    let goodUntil = time.now() + plan.leaseDuration
                    let claimed = await claim(freeSlots)
                    for job in claimed { start(job, goodUntil: goodUntil, in: &group) }
                    isVain = claimed.isEmpty
                    if !isVain {
                        didChange()
                        pace.reset()
                    }
                }
                let outlook = await look()
                // What nobody can claim now, because another worker has it in hand, is claimed again after a pause.
                hasReason = !isVain && outlook?.isPromising == true
                if hasReason { continue }
                hasReason = await wakeUp.wait(atMost: pause(atMost: pace.next(), outlook), time: time)
                if hasReason { pace.reset() }
            }
            await finishRunning()
        }
    }

    /// How many more jobs of each kind may begin here.
    private var freeSlots: [JobKind: Int] {
        plan.slots.merging(running.counts) { slots, used in max(0, slots - used) }
    }

    /// What a claim for the free slots would find; nil while there is none, or the catalog is away.
    func look() async -> ClaimOutlook? {
        let free = freeSlots
        guard free.values.contains(where: { $0 > 0 }) else { return nil }
        do throws(CatalogError) {
            return try await catalog.outlook(for: free)
        } catch {
            logger.error("The catalog cannot be asked for jobs", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Claims at most as many jobs of each kind as `free` says; none while the catalog is away.
    func claim(_ free: [JobKind: Int]) async -> [ClaimedJob] {
        guard free.values.contains(where: { $0 > 0 }) else { return [] }
        do throws(CatalogError) {
            let claimed = try await catalog.claim(for: worker, slots: free, lease: plan.leaseDuration)
            hintDelay.claimed(claimed.count, at: time.now())
            return claimed
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
    func pause(atMost limit: Duration, _ outlook: ClaimOutlook?) -> Duration {
        guard let untilDue = outlook?.untilNextDue else { return limit }
        return min(max(untilDue, .milliseconds(1)), limit)
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
