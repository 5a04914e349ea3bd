import ImageModel

/// Whether a job may run now.
enum Admission: Equatable {
    /// Nothing stands in its way.
    case ready
    /// Something it needs is not there yet; `until` bounds the wait.
    case wait(reason: String, until: Timestamp?)
    /// It can never run.
    case refused(Failure)
}

extension Ledger {
    /// Looks again at a waiting job and writes what follows: it runs, waits or fails.
    func reconsider(_ job: inout Job) throws {
        guard job.state == .queued || job.state == .deferred else { return }
        switch try admission(of: job) {
        case .ready:
            guard job.state == .deferred else { return }
            job.reason = nil
            job.runAt = rows.now
            try apply(.released, to: &job)
        case .wait(let reason, let until):
            let until = until ?? Timestamp(microseconds: .max)
            guard job.state == .queued || job.reason != reason || job.runAt != until else { return }
            job.reason = reason
            job.runAt = until
            if job.state == .queued {
                try apply(.deferred, to: &job)
            } else if try !rows.update(job, ifFenceIs: job.fence) {
                throw CatalogError(.fenced, "job \(job.id) moved on from fence \(job.fence)")
            }
        case .refused(let failure):
            try endFailed(&job, because: failure)
        }
    }

    /// Looks again at jobs whose time to wait has passed.
    ///
    /// - Returns: Whether that were all.
    func releaseOverdue() throws -> Bool {
        let overdue = try rows.overdueDeferredJobs(limit: Self.batchLimit)
        for listed in overdue {
            guard var waiting = try rows.job(listed.id), waiting.state == .deferred else { continue }
            try reconsider(&waiting)
        }
        return overdue.count < Self.batchLimit
    }

    private func admission(of job: Job) throws -> Admission {
        if let deadline = job.request.deadline, deadline <= rows.now { return .refused(deadlineFailure(job, deadline)) }
        let predecessors = try admissionAfterPredecessors(job)
        guard predecessors == .ready else { return predecessors }
        guard job.kind != .import else { return .ready }
        guard let id = job.request.imageID, let image = try rows.image(id) else { return unknownImage(job) }
        if let refusal = try rightsRefusal(of: job, image: image) { return .refused(refusal) }
        if job.deletesImage { return try deleteAdmission(of: job, image: image) }
        if case .delete(let request) = job.request.work, let store = request.store, !image.details.isProtected {
            try endRepairs(of: id, to: store)
        }
        let ahead = try jobsAhead(of: job, on: id)
        if job.kind != .delete, try ahead.contains(where: deletesImage) { return .refused(ImageOrder.notActive(image)) }
        if case .copy(let request) = job.request.work, image.status == .active,
            let admission = try copyAdmission(of: job, request, from: image)
        {
            return admission
        }
        return ImageOrder.admission(of: job, to: image, behind: ahead)
    }

    /// A delete of a whole image ends the imports and copies it finds, unless the image is protected.
    private func deleteAdmission(of job: Job, image: Image) throws -> Admission {
        let ahead = try jobsAhead(of: job, on: image.id)
        // Asked before anything is cancelled: a profile may let nobody delete an image that is being made.
        if image.status == .queued || image.status == .importing,
            let refusal = policy.refusal(of: job.request.work, on: image, members: try rows.members(of: image.id))
        {
            return .refused(refusal)
        }
        if image.details.isProtected, image.status != .deleting, image.status != .deleted {
            // An update before it may still take the protection away.
            guard ahead.contains(where: { $0.kind == .update }) else { return .refused(imageProtected(image)) }
            return ImageOrder.admission(of: job, to: image, behind: ahead)
        }
        var work = try rows.unfinishedJobs(on: image.id).filter { $0.kind == .import || $0.kind == .copy }
        if let maker = try makingCopy(of: image) { work.append(JobOutline(maker)) }
        for other in work {
            if let unfinished = try rows.job(other.id), !unfinished.isCancelRequested {
                try requestCancel(of: unfinished)
            }
        }
        let left = try work.filter { try rows.job($0.id)?.state.isTerminal == false }
        let others = try jobsAhead(of: job, on: image.id).filter { $0.kind != .import && $0.kind != .copy }
        return ImageOrder.admission(of: job, to: try rows.image(image.id) ?? image, behind: others + left)
    }

    func deadlineFailure(_ job: Job, _ deadline: Timestamp) -> Failure {
        Failure(
            .deadlineExceeded, "the deadline \(deadline) passed before job \(job.id) had ended", stage: .planning,
            cause: job.failure.map { FailureCause(code: $0.code, message: $0.message) })
    }

    func admissionAfterPredecessors(_ job: Job) throws -> Admission {
        for id in job.request.after {
            guard let predecessor = try rows.job(id), predecessor.state.isTerminal else {
                return .wait(reason: "after job \(id)", until: job.request.deadline)
            }
            guard predecessor.state == .succeeded || job.request.runsAfterFailure else {
                return .refused(
                    Failure(
                        .predecessorFailed, "job \(id), which this one was to follow, is \(predecessor.state.rawValue)",
                        stage: .planning,
                        cause: predecessor.failure.map { FailureCause(code: $0.code, message: $0.message) }))
            }
        }
        return .ready
    }

    private func unknownImage(_ job: Job) -> Admission {
        let name = job.request.imageID?.rawValue ?? "without id"
        let reason = "image \(name) is unknown"
        // Said once, the end of the wait stands: it moves with the clock when that is set.
        let until = job.state == .deferred && job.reason == reason ? job.runAt : job.acceptedAt + unknownGrace
        guard until > rows.now else {
            return .refused(Failure(.imageNotFound, "there is no image \(name)", stage: .planning))
        }
        return .wait(reason: reason, until: min(until, job.request.deadline ?? until))
    }
}
