import ImageModel

/// The table of jobs on one image (CONTRACT section 4).
enum ImageOrder {
    /// Whether a job may run on `image` behind the unfinished jobs accepted before it.
    static func admission(of job: Job, to image: Image, behind ahead: [JobOutline]) -> Admission {
        // The last one, so that a long line does not change its reasons whenever its head moves on.
        if let blocker = ahead.last(where: { mustWait(job.kind, behind: $0.kind) }) {
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
            // It was accepted while another delete was under way, and joins it.
            if job.deletesImage, job.state == .deferred { return .ready }
            return .refused(Failure(.imageGone, "image \(image.id) is deleted", stage: .planning))
        }
    }

    /// Whether a job of `kind` waits for the end of an unfinished one of kind `other` that was accepted before.
    static func mustWait(_ kind: JobKind, behind other: JobKind) -> Bool {
        switch (kind, other) {
        case (.share, .share), (.share, .update), (.update, .share), (.update, .update): true
        case (.delete, .import), (.delete, .copy), (.delete, .share), (.delete, .update), (.delete, .delete): true
        case (.copy, .import), (.share, .import), (.update, .import): true
        default: false
        }
    }

    /// Whether the job takes an image back from `pending_delete`.
    static func restores(_ job: Job) -> Bool {
        guard case .update(let request) = job.request.work else { return false }
        return request.changes.contains(.restore)
    }

    /// Why nothing but a delete may be done to `image`.
    static func notActive(_ image: Image) -> Failure {
        let state = image.status == .active ? "about to be deleted" : "\(image.status.rawValue), not active"
        return Failure(.imageNotActive, "image \(image.id) is \(state)", stage: .planning)
    }
}

extension Job {
    /// Whether the job deletes the image and not only one replica.
    var deletesImage: Bool {
        guard case .delete(let request) = request.work else { return false }
        return request.store == nil
    }
}
