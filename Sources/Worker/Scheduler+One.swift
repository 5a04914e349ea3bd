import Catalog
import ImageModel

extension Scheduler {
    /// Claims one job of any kind that has slots, waits for one as long as `patience` says, and runs it until it leaves
    /// this worker.
    ///
    /// A drain ends the waiting at once; the running job gets the time of the plan.
    ///
    /// - Parameter patience: How long to wait for a job; nil: until there is one.
    /// - Returns: The job; nil when none came.
    func runOne(within patience: Duration?, until drain: DrainRequest) async -> JobID? {
        let giveUp = patience.map { time.now() + $0 }
        while !drain.isRequested, !Task.isCancelled {
            pulse.beat(.scheduler, at: time.now())
            let outlook = await look()
            // Counted from before the request was sent: the catalog counts from when it got it.
            let goodUntil = time.now() + plan.leaseDuration
            if outlook?.isPromising == true, let claimed = await claimOne() {
                await finish(claimed, goodUntil: goodUntil, until: drain)
                return claimed.job.id
            }
            let left = giveUp.map { $0 - time.now() } ?? plan.poll
            guard left > .zero else { return nil }
            await wakeUp.wait(atMost: min(pause(atMost: plan.poll, outlook), left), time: time)
        }
        return nil
    }

    private func claimOne() async -> ClaimedJob? {
        // One kind after the other: a claim over all of them takes one of each.
        for kind in JobKind.allCases where plan.slots[kind, default: 0] > 0 {
            if let claimed = await claim([kind: 1])?.jobs.first { return claimed }
        }
        return nil
    }

    private func finish(_ claimed: ClaimedJob, goodUntil: Duration, until drain: DrainRequest) async {
        await withDiscardingTaskGroup { group in
            start(claimed, goodUntil: goodUntil, in: &group)
            didChange()
            while !running.isEmpty, !drain.isRequested, !Task.isCancelled {
                pulse.beat(.scheduler, at: time.now())
                await wakeUp.wait(atMost: plan.poll, time: time)
            }
            await finishRunning()
        }
    }
}
