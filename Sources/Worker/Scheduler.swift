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
    let hints: HeardHints
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
                let outlook: ClaimOutlook?
                if hasReason {
                    let claimed = await claim(andStartIn: &group)
                    if claimed?.jobs.isEmpty == false { pace.reset() }
                    outlook = claimed?.outlook
                    // What nobody can claim now, because another worker has it in hand, is claimed again after a pause.
                    hasReason = claimed?.jobs.isEmpty == false && outlook?.isPromising == true
                } else {
                    outlook = await look()
                    hasReason = outlook?.isPromising == true
                }
                if hasReason { continue }
                hasReason = await wakeUp.wait(atMost: pause(atMost: pace.next(), outlook), time: time)
                if hasReason { pace.reset() }
            }
            await finishRunning()
        }
    }

    /// How many more jobs of each kind may begin here; kinds that are taken are missing.
    var freeSlots: [JobKind: Int] {
        plan.slots.merging(running.counts) { slots, used in slots - used }.filter { $0.value > 0 }
    }

    /// Claims for the free slots and starts what it got.
    private func claim(andStartIn group: inout DiscardingTaskGroup) async -> ClaimResult? {
        // Counted from before the request was sent: the catalog counts from when it got it.
        let goodUntil = time.now() + plan.leaseDuration
        let free = freeSlots
        hints.claimBegins(for: Set(free.keys))
        let claimed = await claim(free)
        for job in claimed?.jobs ?? [] { start(job, goodUntil: goodUntil, in: &group) }
        hints.claimEnded()
        if claimed?.jobs.isEmpty == false { didChange() }
        return claimed
    }

    /// What a claim for the free slots would find; nil while there is none, or the catalog is away.
    ///
    /// - Parameter kinds: The kinds to look for; nil: all.
    func look(for kinds: Set<JobKind>? = nil) async -> ClaimOutlook? {
        let free = freeSlots.filter { kinds?.contains($0.key) ?? true }
        guard !free.isEmpty else { return nil }
        do throws(CatalogError) {
            return try await pulse.asking(.scheduler, time) { () throws(CatalogError) in
                try await catalog.outlook(for: free)
            }
        } catch {
            logger.error("The catalog cannot be asked for jobs", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Claims at most as many jobs of each kind as `free` says; nil when it says none or the catalog is away.
    func claim(_ free: [JobKind: Int]) async -> ClaimResult? {
        guard !free.isEmpty else { return nil }
        do throws(CatalogError) {
            let claimed = try await pulse.asking(.scheduler, time) { () throws(CatalogError) in
                try await catalog.claim(for: worker, slots: free, lease: plan.leaseDuration)
            }
            hintDelay.claimed(claimed.jobs.count, at: time.now())
            return claimed
        } catch {
            logger.error("No job can be claimed", metadata: ["error": "\(error)"])
            return nil
        }
    }

    func start(_ claimed: ClaimedJob, goodUntil: Duration, in group: inout DiscardingTaskGroup) {
        let control = JobControl()
        running.add(claimed.lease, kind: claimed.job.kind, control: control, goodUntil: goodUntil)
        logger.info("Job started", metadata: metadata(of: claimed))
        group.addTask {
            await runner.run(claimed, control: control)
            hints.expectClaim()
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
