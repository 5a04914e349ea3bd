import ImageModel

extension Ledger {
    /// Gives due jobs to a worker.
    func claim(for worker: WorkerID, slots: [JobKind: Int], lease duration: Duration) throws -> [ClaimedJob] {
        try takeBackExpired()
        try releaseOverdue()
        try settle()
        var claimed: [ClaimedJob] = []
        for (kind, free) in slots.sorted(by: { $0.key < $1.key }) where free > 0 {
            for job in try rows.dueJobs(kind, limit: free) {
                if let claim = try claim(job, for: worker, lease: duration) { claimed.append(claim) }
            }
        }
        return claimed
    }

    private func claim(_ waiting: Job, for worker: WorkerID, lease duration: Duration) throws -> ClaimedJob? {
        var job = waiting
        var image = try job.imageID.flatMap(rows.image)
        if let deadline = job.request.deadline, deadline <= rows.now, !isIrrevocable(job, image: image) {
            try endFailed(&job, because: deadlineFailure(job, deadline))
            return nil
        }
        job.fence += 1
        job.attempt += 1
        job.worker = worker
        job.startedAt = job.startedAt ?? rows.now
        job.progress = nil
        try apply(.claimed, to: &job, fence: waiting.fence)
        guard try rows.extendLease(of: job.id, ifFenceIs: job.fence, by: duration) else {
            throw CatalogError(.fenced, "job \(job.id) moved on while it was claimed")
        }
        if job.kind == .import, var queued = image, queued.status == .queued {
            try apply(.claimed, to: &queued)
            image = queued
        }
        if job.kind == .import || job.kind == .copy { try announce(.started, job, image: image) }
        return ClaimedJob(
            job: job, lease: JobLease(job: job.id, fence: job.fence, worker: worker), image: image,
            sourceQuery: try rows.admission(of: job.id)?.sourceQuery, transfers: try rows.openTransfers(of: job.id))
    }

    /// Jobs of workers that died. A crash counts unless the attempt had written a checkpoint, so that the next one has
    /// less to do; but a job that always gets somewhere and then kills its worker must end too, so after twice the
    /// attempts every crash counts.
    private func takeBackExpired() throws {
        for expired in try rows.jobsWithExpiredLease(limit: 100) {
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
            } else if job.failedAttempts >= job.maxAttempts, !isIrrevocable {
                guard try rows.update(job, ifFenceIs: expired.fence) else { continue }
                try endFailed(&job, because: exhausted(job, by: crash))
            } else {
                job.runAt = rows.now
                try apply(.givenBack, to: &job, fence: expired.fence)
            }
        }
    }

    /// Prolongs leases; what is missing from the result is lost.
    func renew(_ leases: [JobLease], by duration: Duration) throws -> [JobLease: LeaseStanding] {
        var standings: [JobLease: LeaseStanding] = [:]
        for lease in leases {
            guard let job = try rows.job(lease.job), job.fence == lease.fence,
                try rows.extendLease(of: lease.job, ifFenceIs: lease.fence, by: duration)
            else { continue }
            standings[lease] = job.isCancelRequested ? .cancelRequested : .good
        }
        return standings
    }

    func exhausted(_ job: Job, by failure: Failure) -> Failure {
        Failure(
            .attemptsExhausted, "gave up after \(job.failedAttempts) attempts; the last: \(failure.message)",
            stage: failure.stage, cause: FailureCause(code: failure.code, message: failure.message))
    }
}
