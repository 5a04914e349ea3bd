public import Catalog
import ImageModel
import Logging

/// Runs one claimed job from beginning to end and records how it ended.
public struct JobRunner: Sendable {
    private let environment: JobEnvironment

    /// A runner of jobs in an environment.
    public init(environment: JobEnvironment) {
        self.environment = environment
    }

    /// Runs the job until it ends or `control` stops it, then writes the outcome.
    ///
    /// Returns once the catalog knows the outcome, or once this worker may not write it any more.
    public func run(_ claimed: ClaimedJob, control: JobControl) async {
        let outcome = await outcome(of: claimed, control: control)
        await settle(outcome, of: claimed, control: control)
        if [.import, .copy].contains(claimed.job.kind), outcome != .recorded { await clearAbandonedTransfers() }
    }

    /// Removes what ended jobs left in stores: those that ended while they waited for another attempt, and those whose
    /// bytes a process held that could not be told to stop.
    public func clearAbandonedTransfers() async {
        await AbandonedTransfers(environment: environment).clear()
    }

    private func outcome(of claimed: ClaimedJob, control: JobControl) async -> JobOutcome {
        do {
            try await withStop(control) { try await perform(claimed, control) }
            return .recorded
        } catch {
            return JobOutcome(error, stop: control.reason, job: claimed.job)
        }
    }

    /// Runs `work` in a child task that is cancelled as soon as `control` stops the job.
    private func withStop(_ control: JobControl, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await work()
                return true
            }
            group.addTask { await control.stopped() == nil }
            defer { group.cancelAll() }
            guard try await group.next() == true else {
                group.cancelAll()
                // The work has its say: it may have finished in the very moment it was stopped.
                guard try await group.next() == true else { throw CancellationError() }
                return
            }
        }
    }

    private func perform(_ claimed: ClaimedJob, _ control: JobControl) async throws {
        switch claimed.job.kind {
        case .import: try await ImportJob(claimed: claimed, environment: environment, control: control).run()
        case .share: try await environment.catalog.share(claimed.lease)
        case .update: try await environment.catalog.update(claimed.lease)
        case .delete: try await DeleteJob(claimed, environment: environment).run()
        case .copy: try await CopyJob(claimed: claimed, environment: environment, control: control).run()
        case .cancel:
            throw Failure(.internal, "a cancel is carried out when it is accepted and never claimed", stage: .planning)
        }
    }

    /// Writes the outcome, again and again while the catalog is away: as long as the lease is good, nobody else will.
    private func settle(_ outcome: JobOutcome, of claimed: ClaimedJob, control: JobControl) async {
        var tries = 0
        while true {
            do throws(CatalogError) {
                try await record(outcome, of: claimed)
                return
            } catch {
                guard error.code == .unavailable, control.reason != .leaseLost else {
                    environment.logger.error(
                        "The outcome of a job could not be recorded; its lease will run out",
                        metadata: ["job-id": "\(claimed.job.id)", "outcome": "\(outcome)", "error": "\(error)"])
                    return
                }
            }
            tries += 1
            let pause = Backoff(base: .milliseconds(100), max: .seconds(5))
                .delay(after: tries, random: environment.random)
            guard (try? await environment.time.sleep(for: pause)) != nil else { return }
        }
    }

    private func record(_ outcome: JobOutcome, of claimed: ClaimedJob) async throws(CatalogError) {
        let lease = claimed.lease
        let catalog = environment.catalog
        switch outcome {
        case .recorded, .fenced: return
        case .failed(let failure): try await catalog.fail(lease, because: failure)
        case .cancelled: try await catalog.cancel(lease)
        case .overdue: try await catalog.expire(lease)
        case .interrupted: try await catalog.giveBack(lease)
        case .retry(let failure):
            // Nobody waits for a repair, and what it waits for may be away for days.
            let backoff = claimed.job.repairs == nil ? environment.backoff : environment.backoff.patient
            let delay = backoff.delay(
                after: claimed.job.failedAttempts + 1, atLeast: failure.retryAfter ?? .zero,
                random: environment.random)
            try await catalog.retry(lease, after: delay, because: failure)
        }
    }
}
