import ImageModel

extension Ledger {
    /// Takes one message in, with all that follows from it before the next is looked at.
    func accept(_ item: IntakeItem) throws -> Acceptance {
        let acceptance = try take(item)
        try settle()
        return acceptance
    }

    private func take(_ item: IntakeItem) throws -> Acceptance {
        switch item {
        case .rejection(let rejection):
            try reject(rejection)
            return .rejected
        case .submission(let submission, let original):
            guard let known = try rows.job(submission.request.id) else {
                try admit(submission)
                return .accepted
            }
            return try meet(known, again: submission, original: original)
        }
    }

    /// A message whose id the catalog knows: the same job, or another one under a taken id.
    private func meet(_ known: Job, again submission: JobSubmission, original: DeadLetter) throws -> Acceptance {
        guard let admission = try rows.admission(of: known.id), admission.canonicalForm == submission.canonicalForm
        else {
            try reject(
                Rejection(
                    failure: Failure(
                        .duplicateConflict,
                        "job \(known.id) was accepted at \(known.acceptedAt) with another body; choose another id",
                        stage: .accepting,
                        violations: [
                            Violation(path: "/id", rule: "an id belongs to one body", value: known.id.rawValue)
                        ]),
                    kind: submission.request.kind, jobID: known.id.rawValue, owner: submission.request.owner,
                    original: original))
            return .rejected
        }
        if let refusal = submission.refusal { return try refuse(submission, because: refusal, known, original) }
        if !known.state.isTerminal {
            if let query = submission.sourceQuery { try rows.setSourceQuery(query, of: known.id) }
        } else if let queue = submission.replyTo, let event = try rows.lastEvent(of: known.id) {
            try rows.append(
                OutboxEntry(event: event, destination: .reply(to: queue, correlationID: submission.correlationID)))
        }
        return .known
    }

    /// Somebody who may not ask for a job learns nothing of it and changes nothing. The very message that made a refused
    /// job may come again.
    private func refuse(
        _ submission: JobSubmission, because refusal: Failure, _ known: Job, _ original: DeadLetter
    ) throws -> Acceptance {
        guard known.failure != refusal else { return .known }
        try reject(
            Rejection(
                failure: Failure(
                    .duplicateConflict, "job \(known.id) was accepted before, and \(refusal.message)",
                    stage: .accepting, violations: refusal.violations),
                kind: submission.request.kind, jobID: known.id.rawValue, owner: submission.request.owner,
                original: original))
        return .rejected
    }

    /// Takes a job in that its publisher may not ask for: it fails at once and touches no image.
    private func admitRefused(_ job: inout Job, _ admission: JobAdmission, because refusal: Failure) throws {
        var admission = admission
        admission.sourceQuery = nil
        job.imageID = nil
        try rows.insert(job, admission)
        try announce(.accepted, job, image: nil)
        try end(&job, .failed, image: nil, failure: refusal)
    }

    /// Writes the dead letter, the event that says so, and the reply.
    private func reject(_ rejection: Rejection) throws {
        let event = ImageEvent(
            id: random.identifier(), topic: .rejected(rejection.kind), imageID: nil, owner: rejection.owner,
            jobID: rejection.jobID, sequence: nil, time: rows.now, data: EventData(error: rejection.failure))
        try rows.append(OutboxEntry(event: event, destination: .deadLetter(rejection.original)))
        try rows.append(OutboxEntry(event: event))
        if let queue = rejection.original.replyTo {
            try rows.append(
                OutboxEntry(
                    event: event,
                    destination: .reply(to: queue, correlationID: rejection.original.correlationID)))
        }
    }

    /// Makes a new job of a message.
    func admit(_ submission: JobSubmission) throws {
        var job = Job(
            request: submission.request, imageID: imageID(for: submission.request), acceptedAt: rows.now,
            traceparent: submission.traceparent)
        job.retryOf = try retriedJob(by: submission.request)
        job.hadSourceQuery = submission.sourceQuery == nil ? nil : true
        let admission = JobAdmission(
            canonicalForm: submission.canonicalForm, sourceQuery: submission.sourceQuery,
            replyTo: submission.replyTo, correlationID: submission.correlationID)
        if let refusal = submission.refusal { return try admitRefused(&job, admission, because: refusal) }
        if case .cancel(let request) = job.request.work {
            try admitCancel(&job, admission, of: request.jobID)
            return
        }
        let refusal = try prepareImage(for: job)
        try rows.insert(job, admission)
        let image = refusal == nil ? try job.imageID.flatMap(rows.image) : nil
        try announce(.accepted, job, image: image)
        if let refusal {
            try end(&job, .failed, image: nil, failure: refusal)
        } else if let refusal = policyRefusal(of: job, making: image) {
            try endFailed(&job, because: refusal)
        } else if try isCancelRemembered(job, image: image) {
            try endCancelled(&job)
        } else if let failure = try circle(of: job) {
            try endFailed(&job, because: failure)
        } else {
            try reconsider(&job)
            // Jobs may have come before the image they name.
            if job.makesImage, let image = job.imageID { agenda.add(.image(image)) }
        }
    }

    /// Why the policy does not let an import begin: nothing is fetched for an image that breaks its profile's rules.
    private func policyRefusal(of job: Job, making image: Image?) -> Failure? {
        guard case .import(let request) = job.request.work, let image else { return nil }
        return policy.refusal(of: request, making: image.details)?.at(.accepting)
    }

    private func imageID(for request: JobRequest) -> ImageID? {
        switch request.work {
        case .import(let work): work.image.id ?? random.identifier()
        case .copy(let work): work.newImage.map { $0.id ?? random.identifier() } ?? work.imageID
        case .share, .update, .delete: request.imageID
        case .cancel: nil
        }
    }

    /// Makes or renews the image row of an import or of a copy to a new image; returns why that cannot be.
    private func prepareImage(for job: Job) throws -> Failure? {
        guard let id = job.imageID, let made = try imageMade(by: job, as: id) else { return nil }
        let owner = made.details.owner
        guard made.origin != id else {
            return Failure(.imageExists, "image \(id) cannot be a copy of itself", stage: .accepting)
        }
        guard var image = try rows.image(id) else {
            if let refusal = try imageQuotaRefusal(of: owner) { return refusal }
            try rows.insert(made)
            return nil
        }
        switch image.status {
        case .failed, .cancelled:
            guard image.details.owner == owner else { break }
            guard try !rows.unfinishedJobs(on: id).contains(where: deletesImage) else {
                return Failure(.imageGone, "image \(id) is about to be deleted", stage: .accepting)
            }
            if let refusal = try imageQuotaRefusal(of: owner) { return refusal }
            image.details = made.details
            image.provenance = made.provenance
            image.origin = made.origin
            image.content = nil
            image.replicas = []
            try apply(.renewed, to: &image)
            return nil
        case .deleting, .deleted:
            return Failure(.imageGone, "image id \(id) was deleted and is never used again", stage: .accepting)
        case .queued, .importing, .active, .pendingDelete:
            break
        }
        return Failure(.imageExists, "image \(id) exists already and is \(image.status.rawValue)", stage: .accepting)
    }

    /// The image that a job is to make, as far as that is known when the job comes; nil when it makes none.
    private func imageMade(by job: Job, as id: ImageID) throws -> Image? {
        let actor = job.request.actor
        var provenance = Provenance(creator: actor?.name, editor: actor?.name)
        var image = Image(
            id: id, details: ImageDetails(name: ""), status: .initial, revision: 1, createdAt: rows.now,
            updatedAt: rows.now)
        switch job.request.work {
        case .import(let request):
            image.details = request.image.details(actor: actor)
            provenance.sourceURL = request.source.url
        case .copy(let request):
            guard let new = request.newImage else { return nil }
            image.details = ImageDetails(name: new.name, owner: job.request.owner)
            image.origin = request.imageID
            try describeCopy(&image, made: job)
        case .share, .update, .delete, .cancel:
            return nil
        }
        image.provenance = provenance
        return image
    }
}

extension ImageSpecification {
    /// The details of the image to make, with the contract's defaults for what is absent.
    func details(actor: JobActor?) -> ImageDetails {
        ImageDetails(
            name: name, owner: owner ?? actor?.account, profile: profile, description: description ?? "",
            visibility: visibility ?? .private, isProtected: isProtected ?? false, tags: tags ?? [],
            minimumDiskGiB: minimumDiskGiB ?? 0, minimumRAMMiB: minimumRAMMiB ?? 0, os: os ?? OperatingSystem(),
            properties: properties ?? [:])
    }
}
