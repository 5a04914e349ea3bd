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
            job.reason = reason
            job.runAt = until ?? Timestamp(microseconds: .max)
            if job.state == .queued {
                try apply(.deferred, to: &job)
            } else if try !rows.update(job, ifFenceIs: job.fence) {
                throw CatalogError(.fenced, "job \(job.id) moved on from fence \(job.fence)")
            }
        case .refused(let failure):
            try endFailed(&job, because: failure)
        }
    }

    /// Looks again at the jobs that waited for the end of `job`, directly or because of its image.
    func reconsiderJobs(waitingFor job: Job) throws {
        for var waiting in try rows.jobs(waitingFor: job.id) { try reconsider(&waiting) }
        try reconsiderJobs(on: job.imageID)
    }

    /// Looks again at the deferred jobs of an image.
    func reconsiderJobs(on image: ImageID?) throws {
        guard let image else { return }
        for listed in try rows.unfinishedJobs(on: image) where listed.state == .deferred {
            // An earlier one of the list may have ended this one.
            guard var waiting = try rows.job(listed.id), waiting.state == .deferred else { continue }
            try reconsider(&waiting)
        }
    }

    /// Looks again at jobs whose time to wait has passed.
    func releaseOverdue() throws {
        for listed in try rows.overdueDeferredJobs(limit: 100) {
            guard var waiting = try rows.job(listed.id), waiting.state == .deferred else { continue }
            try reconsider(&waiting)
        }
    }

    private func admission(of job: Job) throws -> Admission {
        if let deadline = job.request.deadline, deadline <= rows.now { return .refused(deadlineFailure(job, deadline)) }
        let predecessors = try admissionAfterPredecessors(job)
        guard predecessors == .ready else { return predecessors }
        guard job.kind != .import else { return .ready }
        guard let id = job.request.imageID, let image = try rows.image(id) else { return unknownImage(job) }
        if let refusal = try rightsRefusal(of: job, image: image) { return .refused(refusal) }
        let earlier = try rows.unfinishedJobs(on: id).prefix { $0.id != job.id }
        return ImageOrder.admission(of: job, to: image, behind: Array(earlier))
    }

    func deadlineFailure(_ job: Job, _ deadline: Timestamp) -> Failure {
        Failure(
            .deadlineExceeded, "the deadline \(deadline) passed before job \(job.id) had ended", stage: .planning,
            cause: job.failure.map { FailureCause(code: $0.code, message: $0.message) })
    }

    private func admissionAfterPredecessors(_ job: Job) throws -> Admission {
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
        let until = job.acceptedAt + unknownGrace
        guard until > rows.now else {
            return .refused(Failure(.imageNotFound, "there is no image \(name)", stage: .planning))
        }
        return .wait(reason: "image \(name) is unknown", until: until)
    }
}

/// The table of jobs on one image (CONTRACT section 4).
enum ImageOrder {
    /// Whether a job may run on `image` behind the unfinished jobs accepted before it.
    static func admission(of job: Job, to image: Image, behind earlier: [Job]) -> Admission {
        let blocker = earlier.first { mustWait(job.kind, behind: $0.kind) }
        if let blocker {
            return .wait(reason: "after job \(blocker.id) on image \(image.id)", until: job.request.deadline)
        }
        switch image.status {
        case .queued, .importing:
            return .wait(reason: "image \(image.id) is \(image.status.rawValue)", until: job.request.deadline)
        case .failed, .cancelled:
            return job.kind == .delete ? .ready : .refused(notActive(image))
        case .active:
            return .ready
        case .pendingDelete:
            return job.kind == .delete || restores(job) ? .ready : .refused(notActive(image))
        case .deleting:
            return job.kind == .delete ? .ready : .refused(notActive(image))
        case .deleted:
            return .refused(Failure(.imageGone, "image \(image.id) is deleted", stage: .planning))
        }
    }

    private static func mustWait(_ kind: JobKind, behind other: JobKind) -> Bool {
        switch (kind, other) {
        case (.share, .share), (.share, .update), (.update, .share), (.update, .update): true
        case (.delete, .import), (.delete, .copy), (.delete, .share), (.delete, .update), (.delete, .delete): true
        case (.copy, .import), (.share, .import), (.update, .import): true
        default: false
        }
    }

    private static func restores(_ job: Job) -> Bool {
        guard case .update(let request) = job.request.work else { return false }
        return request.changes.contains(.restore)
    }

    private static func notActive(_ image: Image) -> Failure {
        Failure(.imageNotActive, "image \(image.id) is \(image.status.rawValue), not active", stage: .planning)
    }
}
