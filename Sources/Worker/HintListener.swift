import Catalog
import ImageModel

/// Hears what other workers have done, and wakes the loops of this one that it concerns.
struct HintListener: Sendable {
    let scheduler: Scheduler
    /// Signalled when a running job may have to end.
    let cancelWakeUp: WakeUp
    let random: any RandomSource

    /// For how long after a notification others are left out: what they were for is there after it.
    private static let silence = Duration.milliseconds(100)

    /// Hears until the catalog has nothing to tell any more or the task is cancelled.
    func hear() async {
        for await hint in scheduler.catalog.hints() {
            switch hint {
            case .jobsReady(let kinds): scheduler.hints.hear(kinds)
            case .cancelRequested: cancelWakeUp.signal()
            }
        }
    }

    /// Answers hints that jobs are ready, until the task is cancelled: looks after a while, and has the scheduler claim
    /// what there is.
    func answer() async {
        while !Task.isCancelled {
            guard await scheduler.hints.wakeUp.wait(atMost: scheduler.plan.idlePoll, time: scheduler.time) else {
                continue
            }
            let heard = scheduler.time.now()
            let kinds = scheduler.hints.takeRecent()
            await look()
            if !kinds.isEmpty, scheduler.time.now() - heard < Self.silence {
                try? await scheduler.time.sleep(for: Self.silence)
                scheduler.hints.reopen(kinds)
                await look()
            }
        }
    }

    /// Looks for what was heard of and may begin here, and has the scheduler claim it if it is still there.
    func look() async {
        guard !scheduler.hints.open(among: free).isEmpty else { return }
        let now = scheduler.time.now()
        try? await scheduler.time.sleep(for: scheduler.hintDelay.next(at: now, random: random))
        let kinds = scheduler.hints.take(among: free)
        guard !Task.isCancelled, !kinds.isEmpty, let outlook = await scheduler.look(for: kinds) else { return }
        guard outlook.isPromising else { return scheduler.hintDelay.lookedInVain() }
        scheduler.hintDelay.expectClaim()
        scheduler.wakeUp.signal()
    }

    private var free: Set<JobKind> { Set(scheduler.freeSlots.keys) }
}
