import ImageModel

extension Ledger {
    /// Ends an attempt that may succeed later.
    func retry(_ lease: JobLease, after delay: Duration, because failure: Failure) throws {
        var job = try job(of: lease)
        job.failedAttempts += 1
        job.failure = failure
        try learn(from: failure, of: job)
        let image = try job.imageID.flatMap(rows.image)
        if isIrrevocable(job, image: image) {
            try scheduleRetry(of: &job, after: delay, because: failure, image: image)
        } else if job.isCancelRequested {
            try endCancelled(&job)
        } else if job.failedAttempts >= job.maxAttempts, job.repairs == nil {
            try endFailed(&job, because: exhausted(job, by: failure))
        } else if let deadline = job.request.deadline, deadline <= rows.now + delay {
            try endFailed(&job, because: deadlineFailure(job, deadline))
        } else {
            try scheduleRetry(of: &job, after: delay, because: failure, image: image)
        }
    }

    private func scheduleRetry(of job: inout Job, after delay: Duration, because failure: Failure, image: Image?) throws
    {
        job.runAt = rows.now + delay
        try apply(.attemptFailed, to: &job)
        try announce(.retrying, job, image: image, error: failure)
    }

    /// Ends a job that cannot succeed. A delete after its tombstone cannot fail: it tries again.
    func fail(_ lease: JobLease, because failure: Failure) throws {
        var job = try job(of: lease)
        guard try !isIrrevocable(job, image: job.imageID.flatMap(rows.image)) else {
            try retry(lease, after: Self.delayAfterTombstone, because: failure)
            return
        }
        try learn(from: failure, of: job)
        if job.isCancelRequested {
            try endCancelled(&job)
        } else {
            try endFailed(&job, because: failure)
        }
    }

    /// Ends a job whose end was asked for.
    func cancel(_ lease: JobLease) throws {
        var job = try job(of: lease)
        guard try !isIrrevocable(job, image: job.imageID.flatMap(rows.image)) else {
            throw CatalogError(.forbidden, "job \(job.id) has begun to delete and can only be completed")
        }
        try endCancelled(&job)
    }

    /// Ends a job that was still running at its deadline.
    func expire(_ lease: JobLease) throws {
        var job = try job(of: lease)
        guard let deadline = job.request.deadline else {
            throw CatalogError(.forbidden, "job \(job.id) has no deadline")
        }
        if try isIrrevocable(job, image: job.imageID.flatMap(rows.image)) {
            // It began to delete while it was told.
            try giveBack(lease)
        } else if job.isCancelRequested {
            try endCancelled(&job)
        } else {
            try endFailed(&job, because: deadlineFailure(job, deadline))
        }
    }

    /// Whether the job has done what is never taken back: a delete that has marked what is to go.
    func isIrrevocable(_ job: Job, image: Image?) -> Bool {
        guard case .delete(let request) = job.request.work, job.startedAt != nil, let image else { return false }
        guard let store = request.store else { return image.status == .deleting }
        return image.replicas.contains { $0.store == store && $0.state == .deleting }
    }

    /// How long a delete waits after an error that would have ended any other job.
    private static let delayAfterTombstone = Duration.seconds(60)

    /// Gives a job back to the queue without counting the attempt.
    func giveBack(_ lease: JobLease) throws {
        var job = try job(of: lease)
        if try job.isCancelRequested && !isIrrevocable(job, image: job.imageID.flatMap(rows.image)) {
            try endCancelled(&job)
        } else {
            job.runAt = rows.now
            try apply(.givenBack, to: &job)
            try refreshOperation(after: job)
        }
    }

    /// Ends a job as failed, and its image with it when the job was to make it.
    func endFailed(_ job: inout Job, because failure: Failure) throws {
        try end(&job, .failed, image: imageWithout(job, because: .failed), failure: failure)
    }

    /// The image of a job that ends without having done its work: what was to be made has failed or is cancelled, what
    /// was there is without the replica that the job was to add.
    func imageWithout(_ job: Job, because step: ImageStep) throws -> Image? {
        guard var image = try job.imageID.flatMap(rows.image) else { return nil }
        if job.makesImage {
            image.replicas.removeAll { $0.state != .available }
            try apply(step, to: &image)
        } else if case .copy(let request) = job.request.work, job.startedAt != nil || job.repairs != nil {
            image.replicas.removeAll { $0.store == request.targetStore && [.pending, .copying].contains($0.state) }
            try rows.update(image)
        }
        return image
    }
}
