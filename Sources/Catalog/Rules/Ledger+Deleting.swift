import ImageModel

extension Ledger {
    /// Sets the tombstone, or ends the job when it may not delete.
    func beginDelete(_ lease: JobLease) throws -> [Replica]? {
        var job = try job(of: lease)
        guard case .delete(let request) = job.request.work else {
            throw CatalogError(.forbidden, "job \(job.id) is a \(job.kind.rawValue), not a delete")
        }
        var image = try image(of: job)
        if image.status == .deleted {
            // The delete this one has joined did it all.
            try end(&job, .succeeded, image: image)
            return nil
        }
        // What is marked is never taken back: the job goes on where it, or another, stopped.
        if image.status == .deleting || isIrrevocable(job, image: image) {
            return image.replicas.filter { $0.state == .deleting }
        }
        if job.isCancelRequested {
            try endCancelled(&job)
            return nil
        }
        if let refusal = try rightsRefusal(of: job, image: image) ?? refusal(of: request, image: image)
            ?? policy.refusal(of: job.request.work, on: image, members: rows.members(of: image.id))
        {
            try end(&job, .failed, image: image, failure: refusal)
            return nil
        }
        if let store = request.store {
            return try markReplica(of: &image, in: store)
        }
        if try retain(&image, for: &job) { return nil }
        // What has no bytes yet has nothing to delete.
        image.replicas.removeAll { $0.state == .pending || $0.state == .copying }
        for index in image.replicas.indices where image.replicas[index].state != .deleting {
            try advance(&image.replicas[index], .deletionBegan, of: image.id)
        }
        try apply(.deletionBegan, to: &image)
        return image.replicas
    }

    /// Keeps a deleted image for the time in which it can be restored, and ends the job; a delete of an image that is kept
    /// already changes nothing.
    ///
    /// - Returns: Whether the image is kept; false when there is no such time or it has passed.
    private func retain(_ image: inout Image, for job: inout Job) throws -> Bool {
        switch image.status {
        case .active where policy.retention(of: image) > .zero:
            image.provenance?.editor = job.request.actor?.name
            try apply(.retained, to: &image)
        case .pendingDelete where !isOverdue(image):
            break
        default:
            return false
        }
        try end(&job, .succeeded, image: image)
        return true
    }

    /// Whether the time in which a deleted image can be restored has passed.
    func isOverdue(_ image: Image) -> Bool {
        image.status == .pendingDelete && image.updatedAt + policy.retention(of: image) <= rows.now
    }

    /// Accepts a job for each of these images whose time to be restored has passed: from there on it is deleted like any
    /// other.
    func deleteOverdue(_ images: [ImageID]) throws -> Int {
        var count = 0
        for id in images {
            guard let image = try rows.image(id), isOverdue(image),
                try !rows.unfinishedJobs(on: id).contains(where: { $0.kind == .delete })
            else { continue }
            let request = JobRequest(id: random.identifier(), work: .delete(DeleteRequest(imageID: id)))
            try admit(JobSubmission(request: request, canonicalForm: "overdue \(id)"))
            try settle()
            count += 1
        }
        return count
    }

    /// Ends a delete whose bytes are gone.
    func completeDelete(_ lease: JobLease) throws {
        var job = try job(of: lease)
        var image = try image(of: job)
        guard isIrrevocable(job, image: image) else {
            throw CatalogError(.forbidden, "job \(job.id) has not begun to delete")
        }
        image.replicas.removeAll { $0.state == .deleting }
        if image.status == .deleting {
            try apply(.deleted, to: &image)
        } else {
            try touch(&image)
        }
        try end(&job, .succeeded, image: image)
    }

    private func markReplica(of image: inout Image, in store: StoreName) throws -> [Replica] {
        guard let index = image.replicas.firstIndex(where: { $0.store == store }) else { return [] }
        try advance(&image.replicas[index], .deletionBegan, of: image.id)
        try touch(&image)
        return [image.replicas[index]]
    }

    /// Why a protected image is not deleted.
    func imageProtected(_ image: Image) -> Failure {
        Failure(.imageProtected, "image \(image.id) is protected", stage: .planning)
    }

    private func refusal(of request: DeleteRequest, image: Image) -> Failure? {
        if image.details.isProtected { return imageProtected(image) }
        guard let store = request.store else { return nil }
        let others = image.replicas.contains { $0.store != store && $0.state == .available }
        guard image.replicas.contains(where: { $0.store == store && $0.state == .available }) else {
            return Failure(.replicaNotFound, "image \(image.id) is not in store \(store)", stage: .planning)
        }
        guard others else {
            return Failure(
                .lastReplica, "store \(store) holds the last replica of image \(image.id)", stage: .planning)
        }
        return nil
    }
}
