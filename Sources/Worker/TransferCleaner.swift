import ImageJobs
import ImageModel

/// Removes, now and then, the bytes of transfers whose jobs ended while no worker was at them.
struct TransferCleaner: Sendable {
    let runner: JobRunner
    let time: any TimeSource
    /// Signalled when jobs may have ended that waited for another attempt.
    let wakeUp: WakeUp

    /// How often it looks. Whoever runs an import also looks after it.
    private static let interval = Duration.seconds(5)

    /// Looks until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await runner.clearAbandonedTransfers()
            await wakeUp.wait(atMost: Self.interval, time: time)
        }
    }
}
