import ImageModel

extension Ledger {
    /// The most jobs of a sort that one claim does something with besides claiming: not all in one transaction.
    static let batchLimit = 100

    /// Gives due jobs to a worker.
    func claim(for worker: WorkerID, slots: [JobKind: Int], lease duration: Duration) throws -> ClaimResult {
        let hasTakenBackAll = try takeBackExpired()
        let hasReleasedAll = try releaseOverdue()
        try settle()
        var hasMore = !hasTakenBackAll || !hasReleasedAll
        var holds = try Holds(rows, limits: limits)
        var claimed: [ClaimedJob] = []
        for kind in Self.claimOrder {
            var free = slots[kind] ?? 0
            // Jobs that end instead of being claimed are many when a deadline passes.
            var ended = 0
            while free > 0, ended < Self.batchLimit, let job = try rows.nextDueJob(kind, except: holds.heldBack) {
                guard let claim = try claim(job, for: worker, lease: duration) else {
                    ended += 1
                    // Besides those that are left there may be some that have waited for this end.
                    hasMore = true
                    continue
                }
                holds.count(claim.job)
                if let probe = try beginProbe(claim.job) { holds.hold(probe.host, because: probe.reason) }
                claimed.append(claim)
                free -= 1
            }
        }
        let untilNextDue = try rows.nextDue().map { $0 - rows.now }
        return ClaimResult(
            jobs: claimed, outlook: ClaimOutlook(isPromising: hasMore, untilNextDue: untilNextDue))
    }

    /// What takes a moment goes first: an owner's last place under `limits.owner.running` is soon free again.
    static let claimOrder: [JobKind] = [.share, .update, .delete, .copy, .import]

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
        try rows.noteServed(job.request.owner, job.kind)
        if job.makesImage, var queued = image, queued.status == .queued {
            try describeCopy(&queued, made: job)
            try apply(.claimed, to: &queued)
            image = queued
        }
        if let source = try refreshOperation(after: job), source.id == image?.id { image = source }
        if job.kind == .import || job.kind == .copy { try announce(.started, job, image: image) }
        return ClaimedJob(
            job: job, lease: JobLease(job: job.id, fence: job.fence, worker: worker), image: image,
            sourceQuery: try rows.admission(of: job.id)?.sourceQuery, transfers: try rows.openTransfers(of: job.id))
    }
}
