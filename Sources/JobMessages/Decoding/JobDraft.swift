import ImageModel

/// What has been read of a job message so far.
struct JobDraft {
    var id: JobID?
    var priority: Int?
    var actor: JobActor?
    var after: [JobID] = []
    var runsAfterFailure = false
    var deadline: Timestamp?
    var maxAttempts: Int?

    var image: ImageSpecification?
    var imageID: ImageID?
    var source: (location: SourceLocation, query: String?)?
    var expectations = Expectations()
    var digests: [DigestAlgorithm]?
    var transform = Transform()
    var stores: [StoreName]?
    var storesRequire: StoresRequirement?

    var target: (store: StoreName?, image: CopyRequest.NewImage?)?
    var share: (action: ShareAction, member: AccountID)?
    var changes: [ImageChange]?
    var ifRevision: Int64?
    var deletedReplica: StoreName?
    var cancelledJob: JobID?

    /// The request, once everything that `kind` needs is there.
    func request(_ kind: JobKind) -> JobRequest? {
        guard let id, let work = work(kind) else { return nil }
        return JobRequest(
            id: id, priority: priority, actor: actor, after: after, runsAfterFailure: runsAfterFailure,
            deadline: deadline, maxAttempts: maxAttempts, work: work)
    }

    private func work(_ kind: JobKind) -> JobWork? {
        switch kind {
        case .import:
            guard let image, let source else { return nil }
            return .import(
                ImportRequest(
                    image: image, source: source.location, expectations: expectations, digests: digests,
                    transform: transform, stores: stores, storesRequire: storesRequire))
        case .copy:
            guard let imageID, let target else { return nil }
            return .copy(CopyRequest(imageID: imageID, store: target.store, newImage: target.image))
        case .share:
            guard let imageID, let share else { return nil }
            return .share(ShareRequest(imageID: imageID, action: share.action, member: share.member))
        case .update:
            guard let imageID, let changes else { return nil }
            return .update(UpdateRequest(imageID: imageID, changes: changes, ifRevision: ifRevision))
        case .delete:
            return imageID.map { .delete(DeleteRequest(imageID: $0, store: deletedReplica)) }
        case .cancel:
            return cancelledJob.map { .cancel(CancelRequest(jobID: $0)) }
        }
    }
}
