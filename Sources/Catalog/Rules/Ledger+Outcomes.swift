import ImageModel

extension Ledger {
    /// Ends an attempt that may succeed later.
    func retry(_ lease: JobLease, after delay: Duration, because failure: Failure) throws {
        var job = try job(of: lease)
        job.failedAttempts += 1
        job.failure = failure
        if job.isCancelRequested {
            try endCancelled(&job)
        } else if job.failedAttempts >= job.maxAttempts {
            try endFailed(&job, because: exhausted(job, by: failure))
        } else if let deadline = job.request.deadline, deadline <= rows.now + delay {
            try endFailed(&job, because: deadlineFailure(job, deadline))
        } else {
            job.runAt = rows.now + delay
            try apply(.attemptFailed, to: &job)
            try announce(.retrying, job, image: try job.imageID.flatMap(rows.image), error: failure)
        }
    }

    /// Ends a job that cannot succeed.
    func fail(_ lease: JobLease, because failure: Failure) throws {
        var job = try job(of: lease)
        try endFailed(&job, because: failure)
    }

    /// Ends a job whose end was asked for.
    func cancel(_ lease: JobLease) throws {
        var job = try job(of: lease)
        try endCancelled(&job)
    }

    /// Gives a job back to the queue without counting the attempt.
    func giveBack(_ lease: JobLease) throws {
        var job = try job(of: lease)
        if job.isCancelRequested {
            try endCancelled(&job)
        } else {
            job.runAt = rows.now
            try apply(.givenBack, to: &job)
        }
    }

    /// Ends a job as failed, and its image with it when the job was to make it.
    func endFailed(_ job: inout Job, because failure: Failure) throws {
        var image = try job.imageID.flatMap(rows.image)
        if job.kind == .import, var unfinished = image {
            unfinished.replicas.removeAll { $0.state != .available }
            try move(&unfinished, to: .failed)
            image = unfinished
        }
        try end(&job, .failed, image: image, failure: failure)
    }
}
