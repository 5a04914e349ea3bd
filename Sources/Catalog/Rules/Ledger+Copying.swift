import ImageModel

/// Copies: one more replica of an image, or a new image from an old one.
extension Ledger {
    /// What a claimed copy is to bring where, or nil when the job has ended: it may not copy, or what it was to make is
    /// there by now.
    ///
    /// Rights and the profile are asked here, when an attempt begins. A copy that has begun is completed, whatever
    /// becomes of the membership meanwhile.
    func beginCopy(_ lease: JobLease) throws -> CopyOrder? {
        var job = try job(of: lease)
        guard case .copy(let request) = job.request.work else {
            throw CatalogError(.forbidden, "job \(job.id) is a \(job.kind.rawValue), not a copy")
        }
        if job.isCancelRequested {
            try endCancelled(&job)
            return nil
        }
        guard var source = try rows.image(request.imageID) else {
            throw CatalogError(.corrupt, "image \(request.imageID), which job \(job.id) copies, has vanished")
        }
        // What the job itself shows on the image stands in nobody's way.
        if try !copies(of: source.id).contains(where: { $0.id != job.id }) { source.operation = nil }
        if let refusal = try rightsRefusal(of: job, image: source)
            ?? (source.status == .active ? nil : ImageOrder.notActive(source))
            ?? profileRefusal(of: job, on: source)
            ?? nameRefusal(of: request, source)
        {
            try endFailed(&job, because: refusal)
            return nil
        }
        if request.newImage == nil, source.replica(in: request.targetStore)?.state == .available {
            // Another job has brought it there since this one was accepted.
            try end(&job, .succeeded, image: source)
            return nil
        }
        return CopyOrder(source: source, store: request.targetStore)
    }

    /// What a profile says is for those who ask; a repair only ends what was asked for with the import.
    private func profileRefusal(of job: Job, on source: Image) throws -> Failure? {
        guard job.repairs == nil else { return nil }
        return try policy.refusal(of: job.request.work, on: source, members: rows.members(of: source.id))
    }

    /// The bytes are there: the new image becomes active, or the image has one more replica.
    func completeCopy(_ lease: JobLease, replica: Replica) throws {
        var job = try wantedJob(of: lease)
        guard case .copy(let request) = job.request.work else {
            throw CatalogError(.forbidden, "job \(job.id) is a \(job.kind.rawValue), not a copy")
        }
        var image = try image(of: job)
        try closeCommitted(of: job, in: [replica.store])
        image.setReplica(try stored(replica, of: image))
        if request.newImage == nil {
            try touch(&image)
        } else {
            // The same bytes, as their digests have shown.
            image.content = try rows.image(request.imageID)?.content
            try apply(.imported, to: &image)
        }
        try end(&job, .succeeded, image: image)
    }

    /// Says of the image that a copy makes what is said of the one it is made from, as far as that is known and the
    /// asker may know it.
    func describeCopy(_ image: inout Image, made job: Job) throws {
        guard case .copy(let request) = job.request.work, let new = request.newImage,
            let source = try rows.image(request.imageID), source.status == .active,
            try rightsRefusal(of: job, image: source) == nil
        else { return }
        image.details = details(ofCopy: source, new, owner: job.request.owner)
    }

    /// Shows on the image that a copy reads whether one runs, or waits for its next attempt.
    ///
    /// - Returns: The image; nil after jobs that copy nothing.
    @discardableResult
    func refreshOperation(after job: Job) throws -> Image? {
        guard case .copy(let request) = job.request.work, var source = try rows.image(request.imageID) else {
            return nil
        }
        let isRead = try source.status == .active && !copies(of: source.id).isEmpty
        let operation: ImageOperation? = isRead ? .copying : nil
        if source.operation != operation {
            source.operation = operation
            try rows.update(source)
        }
        return source
    }

    /// The copy that is to make an image, while it has not.
    func makingCopy(of image: Image) throws -> Job? {
        guard image.origin != nil, image.status == .queued || image.status == .importing else { return nil }
        let unfinished = JobFilter(
            states: Set(JobState.allCases.filter { !$0.isTerminal }), kind: .copy, image: image.id, limit: .max)
        return try rows.jobs(unfinished).first { $0.imageID == image.id && $0.makesImage }
    }

    /// What stands in the way of one more replica; nil when nothing does, and for copies to a new image.
    func copyAdmission(of job: Job, _ request: CopyRequest, from image: Image) throws -> Admission? {
        guard request.newImage == nil else { return nil }
        let store = request.targetStore
        if let replica = image.replica(in: store), replica.state == .available,
            replica.updatedAt.map({ $0 <= job.acceptedAt }) ?? true
        {
            return .refused(
                Failure(.replicaExists, "image \(image.id) is in store \(store) already", stage: .planning))
        }
        // Who asks for the copy learns what becomes of it, and so takes the place of a repair.
        if job.repairs == nil { try endRepairs(of: image.id, to: store) }
        let others = try rows.unfinishedJobs(on: image.id).filter { $0.id != job.id && $0.state != .deferred }
        guard let other = try others.first(where: { try concerns($0, store) }) else { return nil }
        return .wait(reason: "after job \(other.id) on store \(store)", until: job.request.deadline)
    }

    /// Whether a job brings a replica to a store or removes one from it.
    private func concerns(_ outline: JobOutline, _ store: StoreName) throws -> Bool {
        guard outline.kind == .copy || outline.kind == .delete else { return false }
        return switch try rows.job(outline.id)?.request.work {
        case .copy(let request): request.newImage == nil && request.targetStore == store
        case .delete(let request): request.store == store
        default: false
        }
    }

    /// The copies that read an image and have begun. Repairs show as locations only: they are nobody's operation.
    private func copies(of image: ImageID) throws -> [JobOutline] {
        try rows.unfinishedJobs(on: image).filter {
            try $0.kind == .copy && ($0.state == .running || $0.state == .retrying)
                && rows.job($0.id)?.repairs == nil
        }
    }

    /// What the profile says of the name that a new image is to have.
    private func nameRefusal(of request: CopyRequest, _ source: Image) -> Failure? {
        guard let new = request.newImage else { return nil }
        let naming = UpdateRequest(imageID: source.id, changes: [.name(new.name)])
        var copy = source
        copy.details = details(ofCopy: source, new, owner: new.owner)
        guard var refusal = policy.refusal(of: naming, of: copy, leaving: copy.details) else { return nil }
        for index in refusal.violations.indices where refusal.violations[index].path == "/set/name" {
            refusal.violations[index].path = "/to/image/name"
        }
        refusal.message = refusal.message.replacing("/set/name", with: "/to/image/name")
        return refusal
    }

    /// Nobody else's image by what was decided for the first one: private and unprotected, unless the profile says
    /// otherwise.
    private func details(ofCopy source: Image, _ new: CopyRequest.NewImage, owner: AccountID?) -> ImageDetails {
        var details = source.details
        details.name = new.name
        details.owner = owner
        details.visibility = .private
        details.isProtected = false
        return policy.details(ofCopy: details)
    }
}

extension Image {
    /// The replica in a store, in whatever state.
    fileprivate func replica(in store: StoreName) -> Replica? { replicas.first { $0.store == store } }
}

extension JobOutline {
    /// The outline of a job.
    init(_ job: Job) {
        self.init(id: job.id, kind: job.kind, state: job.state, hasPredecessors: !job.request.after.isEmpty)
    }
}
