import ImageModel

extension Ledger {
    /// Jobs of workers that died. A crash counts unless the attempt had written a checkpoint, so that the next one has
    /// less to do; but a job that always gets somewhere and then kills its worker must end too, so after twice the
    /// attempts every crash counts.
    ///
    /// - Returns: Whether that were all.
    func takeBackExpired() throws -> Bool {
        let allExpired = try rows.jobsWithExpiredLease(limit: Self.batchLimit)
        for expired in allExpired {
            var job = expired
            let crash = Failure(
                .internal, "worker \(job.worker?.rawValue ?? "unknown") stopped renewing its lease", isRetryable: true)
            let hasProgressed = try rows.openTransfers(of: job.id).contains { $0.checkpoint?.fence == job.fence }
            if !hasProgressed || job.attempt > 2 * job.maxAttempts { job.failedAttempts += 1 }
            job.fence += 1
            let isIrrevocable = isIrrevocable(job, image: try job.imageID.flatMap(rows.image))
            if job.isCancelRequested, !isIrrevocable {
                guard try rows.update(job, ifFenceIs: expired.fence) else { continue }
                try endCancelled(&job)
            } else if job.failedAttempts >= job.maxAttempts, !isIrrevocable, job.repairs == nil {
                guard try rows.update(job, ifFenceIs: expired.fence) else { continue }
                try endFailed(&job, because: exhausted(job, by: crash))
            } else {
                job.runAt = rows.now + (job.repairs == nil ? .zero : Self.restAfterCrash(job.failedAttempts))
                try apply(.givenBack, to: &job, fence: expired.fence)
                try refreshOperation(after: job)
            }
        }
        return allExpired.count < Self.batchLimit
    }

    /// Prolongs leases; what is missing from the result is lost.
    func renew(_ leases: [JobLease], by duration: Duration) throws -> [JobLease: LeaseStanding] {
        var standings: [JobLease: LeaseStanding] = [:]
        for lease in leases {
            guard let job = try rows.job(lease.job), job.fence == lease.fence,
                try rows.extendLease(of: lease.job, ifFenceIs: lease.fence, by: duration)
            else { continue }
            standings[lease] = try standing(of: job)
        }
        return standings
    }

    private func standing(of job: Job) throws -> LeaseStanding {
        if job.isCancelRequested { return .cancelRequested }
        guard let deadline = job.request.deadline, deadline <= rows.now,
            try !isIrrevocable(job, image: job.imageID.flatMap(rows.image))
        else { return .good }
        return .deadlinePassed
    }

    func exhausted(_ job: Job, by failure: Failure) -> Failure {
        Failure(
            .attemptsExhausted, "gave up after \(job.failedAttempts) attempts; the last: \(failure.message)",
            stage: failure.stage, cause: FailureCause(code: failure.code, message: failure.message))
    }
}
