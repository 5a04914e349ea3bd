import ImageModel

/// The rules of the catalog, applied to the rows of one transaction.
struct Ledger {
    let rows: any CatalogTransaction
    let random: any RandomSource
    let unknownGrace: Duration
    let limits: CatalogLimits
    let policy: any ImagePolicy
    let agenda = Agenda()

    /// The job a lease is for.
    ///
    /// - Throws: ``CatalogError`` with `fenced` when somebody else has claimed, taken back or ended the job.
    func job(of lease: JobLease) throws -> Job {
        guard let job = try rows.job(lease.job), job.fence == lease.fence, job.state == .running else {
            throw CatalogError(.fenced, "the lease of job \(lease.job) with fence \(lease.fence) is lost")
        }
        return job
    }

    /// The job a lease is for, as long as something may come of it.
    ///
    /// - Throws: ``CatalogError`` with `cancelRequested` once a cancel was accepted: whoever sent it was told so.
    func wantedJob(of lease: JobLease) throws -> Job {
        let job = try job(of: lease)
        guard !job.isCancelRequested else {
            throw CatalogError(.cancelRequested, "the end of job \(job.id) was asked for")
        }
        return job
    }

    /// The image of a job that cannot be without one.
    func image(of job: Job) throws -> Image {
        guard let id = job.imageID, let image = try rows.image(id) else {
            throw CatalogError(.corrupt, "job \(job.id) has no image")
        }
        return image
    }

    /// Moves a job along its life and writes it back, conditional on its fence.
    func apply(_ event: JobEvent, to job: inout Job, fence: Int64? = nil) throws {
        try advance(&job.state, event, of: "job \(job.id)")
        let fence = fence ?? job.fence
        guard try rows.update(job, ifFenceIs: fence) else {
            throw CatalogError(.fenced, "job \(job.id) moved on from fence \(fence)")
        }
    }

    /// Moves an image along its life, counts its revision and writes it back.
    func apply(_ step: ImageStep, to image: inout Image) throws {
        try advance(&image.status, step, of: "image \(image.id)")
        try touch(&image)
    }

    /// Lets an event happen to a state; no rule sets one in any other way.
    func advance<State: LifecycleState>(_ state: inout State, _ event: State.Event, of whose: String) throws {
        do {
            try state.apply(event)
        } catch {
            throw CatalogError(.forbidden, "\(whose): \(error)")
        }
    }

    /// Counts a change of an image and writes it back.
    func touch(_ image: inout Image) throws {
        image.revision += 1
        image.updatedAt = rows.now
        try rows.update(image)
    }

    /// Writes the event of a step into the outbox; a terminal one also goes to whoever asked for a reply.
    func announce(
        _ phase: EventPhase, _ job: Job, image: Image?, share: ShareOutcome? = nil, error: Failure? = nil
    ) throws {
        // Only a profile's view shows members; most images have no profile.
        let members = try image.flatMap { $0.details.profile == nil ? nil : try rows.members(of: $0.id) }
        let event = ImageEvent(
            id: random.identifier(), topic: .image(job.kind, phase), imageID: job.imageID,
            owner: image?.details.owner ?? job.request.owner, jobID: job.id.rawValue,
            sequence: try job.imageID.map(rows.nextSequence), time: rows.now,
            data: EventData(
                job: job, image: image, members: members, source: job.source, share: share, error: error))
        try rows.append(OutboxEntry(event: event))
        if phase.isTerminal, let admission = try rows.admission(of: job.id), let queue = admission.replyTo {
            try rows.append(
                OutboxEntry(event: event, destination: .reply(to: queue, correlationID: admission.correlationID)))
        }
    }

    /// Ends a job: state, secret and event. What waited for it is looked at by ``settle()``.
    func end(
        _ job: inout Job, _ event: JobEvent, image: Image?, share: ShareOutcome? = nil, failure: Failure? = nil
    ) throws {
        var image = image
        job.endedAt = rows.now
        job.failure = failure
        job.reason = nil
        job.reservedBytes = nil
        try apply(event, to: &job)
        try rows.setSourceQuery(nil, of: job.id)
        if job.kind == .import || job.kind == .copy { try giveUpTransfers(of: job) }
        if let source = try refreshOperation(after: job) {
            if source.id == image?.id { image = source }
            agenda.add(.image(source.id))
        }
        let phase: EventPhase =
            switch job.state {
            case .succeeded: .completed
            case .cancelled: .cancelled
            default: .failed
            }
        try announce(phase, job, image: image, share: share, error: failure)
        agenda.add(.job(job.id))
        if let image = job.imageID { agenda.add(.image(image)) }
    }
}
