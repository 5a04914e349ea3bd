import Catalog
import ImageModel

/// Hears what other workers have done, and wakes the loops of this one that it concerns.
struct HintListener: Sendable {
    let scheduler: Scheduler
    /// Signalled when a running job may have to end.
    let cancelWakeUp: WakeUp
    let random: any RandomSource
    private let jobsReady = WakeUp()

    /// For how long after a notification others are left out: what they were for is there after it.
    private static let silence = Duration.milliseconds(100)

    init(scheduler: Scheduler, cancelWakeUp: WakeUp, random: any RandomSource) {
        self.scheduler = scheduler
        self.cancelWakeUp = cancelWakeUp
        self.random = random
    }

    /// Hears until the catalog has nothing to tell any more or the task is cancelled.
    func hear() async {
        for await hint in scheduler.catalog.hints() {
            switch hint {
            case .jobsReady: jobsReady.signal()
            case .cancelRequested: cancelWakeUp.signal()
            }
        }
    }

    /// Answers hints that jobs are ready, until the task is cancelled: looks after a while, and has the scheduler claim
    /// what there is.
    func answer() async {
        while !Task.isCancelled {
            guard await jobsReady.wait(atMost: scheduler.plan.idlePoll, time: scheduler.time) else { continue }
            let heard = scheduler.time.now()
            await look()
            if scheduler.time.now() - heard < Self.silence {
                try? await scheduler.time.sleep(for: Self.silence)
                await look()
            }
        }
    }

    private func look() async {
        let now = scheduler.time.now()
        try? await scheduler.time.sleep(for: scheduler.hintDelay.next(at: now, random: random))
        guard !Task.isCancelled, let outlook = await scheduler.look() else { return }
        guard outlook.isPromising else { return scheduler.hintDelay.lookedInVain() }
        scheduler.hintDelay.expectClaim()
        scheduler.wakeUp.signal()
    }
}
