import ImageModel

/// Replicas that an import went without, because one store was enough for it (`stores_require: any`).
///
/// Each is brought by a copy that nobody asked for: see <doc:OwedReplicas>.
extension Ledger {
    /// The stores that an import was to fill and did not.
    ///
    /// - Throws: ``CatalogError`` with `forbidden` when the import may not succeed without them.
    func missingStores(of job: Job, having replicas: [Replica]) throws -> [StoreName] {
        guard case .import(let request) = job.request.work, request.storesRequire == .any else { return [] }
        guard !replicas.isEmpty else {
            throw CatalogError(.forbidden, "job \(job.id) has brought its image to no store")
        }
        let there = Set(replicas.map(\.store))
        return (request.stores ?? [.default]).filter { !there.contains($0) }
    }

    /// The replica that is still to come, in whatever state its last transfer left it.
    func owedReplica(of image: Image, in store: StoreName) throws -> Replica {
        guard var replica = image.replicas.first(where: { $0.store == store }) else {
            return Replica(store: store, state: .initial, createdAt: rows.now, updatedAt: rows.now)
        }
        if replica.state == .copying { try advance(&replica, .transferFailed, of: image.id) }
        return replica
    }

    /// Accepts the copy that brings a replica which an import went without. It belongs to the image's owner, whose other
    /// jobs go before it, and to the import's trace.
    func repair(_ image: Image, in store: StoreName, after completed: Job) throws {
        let request = JobRequest(
            id: random.identifier(), priority: 0, actor: image.details.owner.map { JobActor(account: $0) },
            work: .copy(CopyRequest(imageID: image.id, store: store)))
        var job = Job(
            request: request, imageID: image.id, acceptedAt: rows.now, traceparent: completed.traceparent)
        job.repairs = completed.id
        try rows.insert(job, JobAdmission(canonicalForm: "repair of \(completed.id) in \(store)"))
        try announce(.accepted, job, image: image)
        try reconsider(&job)
    }

    /// Ends the repairs that would bring an image to a store: somebody has decided otherwise.
    func endRepairs(of image: ImageID, to store: StoreName) throws {
        for outline in try rows.unfinishedJobs(on: image) where outline.kind == .copy {
            guard let job = try rows.job(outline.id), job.repairs != nil, !job.isCancelRequested,
                case .copy(let request) = job.request.work, request.targetStore == store
            else { continue }
            try requestCancel(of: job)
        }
    }

    /// Whether an unfinished job is a repair that waits for its turn or its next attempt: it may do so for days.
    func isWaitingRepair(_ outline: JobOutline) throws -> Bool {
        guard outline.kind == .copy, outline.state != .running else { return false }
        return try rows.job(outline.id)?.repairs != nil
    }

    /// How long a repair rests whose worker has died: should the copy be what killed it, it shall not do so all the time.
    static func restAfterCrash(_ failures: Int) -> Duration {
        min(.seconds(1 << min(failures, 6)), .seconds(60))
    }
}
