import ImageModel

extension Ledger {
    /// Carries a cancel out as it is accepted: it waits for nothing and needs no slot.
    func admitCancel(_ job: inout Job, _ admission: JobAdmission, of target: JobID) throws {
        let known = try rows.job(target)
        job.imageID = known?.imageID
        try rows.insert(job, admission)
        job.startedAt = rows.now
        job.attempt = 1
        let image = try job.imageID.flatMap(rows.image)
        if let refusal = refusal(of: job, target: known, image: image) {
            try end(&job, .failed, image: nil, failure: refusal)
            return
        }
        if let known {
            try requestCancel(of: known)
        } else {
            try rows.rememberCancel(of: target, by: job.request.actor?.account)
        }
        try apply(.claimed, to: &job)
        try end(&job, .succeeded, image: try job.imageID.flatMap(rows.image))
    }

    /// Ends a waiting job at once; asks the worker of a running one to end it.
    func requestCancel(of job: Job) throws {
        var job = job
        if job.state == .running {
            job.isCancelRequested = true
            guard try rows.update(job, ifFenceIs: job.fence) else {
                throw CatalogError(.fenced, "job \(job.id) moved on from fence \(job.fence)")
            }
        } else {
            try endCancelled(&job)
        }
    }

    /// Ends a job as cancelled, and its image with it when the job was to make it.
    func endCancelled(_ job: inout Job) throws {
        try end(&job, .cancelled, image: imageWithout(job, because: .cancelled))
    }

    /// Whether somebody who may do so asked for the end of a job before it came.
    func isCancelRemembered(_ job: Job, image: Image?) throws -> Bool {
        try rows.rememberedCancels(of: job.id).contains { mayCancel(job, image: image, as: $0) }
    }

    private func refusal(of job: Job, target: Job?, image: Image?) -> Failure? {
        guard let target else { return nil }
        if target.state.isTerminal {
            return Failure(
                .jobFinished, "job \(target.id) has ended already: \(target.state.rawValue)", stage: .accepting)
        }
        guard mayCancel(target, image: image, as: job.request.actor?.account) else {
            let account = job.request.actor?.account?.rawValue ?? "the platform"
            return Failure(.notOwner, "\(account) neither sent job \(target.id) nor owns its image", stage: .accepting)
        }
        guard !isIrrevocable(target, image: image) else {
            return Failure(
                .jobFinished, "job \(target.id) has begun to delete and can only be completed", stage: .accepting)
        }
        return nil
    }

    /// The platform, the sender and the image's owner may.
    private func mayCancel(_ job: Job, image: Image?, as account: AccountID?) -> Bool {
        guard let account else { return true }
        return account == job.request.actor?.account || account == image?.details.owner
    }
}
