import Catalog
import ImageModel
import TestSupport
import Testing

/// A catalog in memory with its clock, and short ways to say what happens to it.
struct Harness {
    let clock = AdjustableClock()
    let database: InMemoryCatalogDatabase
    let catalog: ImageCatalog

    init(limits: CatalogLimits = CatalogLimits(), policy: any ImagePolicy = OpenPolicy()) {
        let clock = clock
        database = InMemoryCatalogDatabase(id: CatalogSamples.id("catalog-1"), now: { clock.now })
        catalog = ImageCatalog(database: database, random: SeededRandomSource(seed: 1), limits: limits, policy: policy)
    }

    // MARK: Messages

    static func importWork(
        _ image: String? = "image-1", owner: String? = "acct-1", isProtected: Bool = false
    ) -> JobWork {
        .import(
            ImportRequest(
                image: ImageSpecification(
                    id: image.map { CatalogSamples.id($0) }, name: "ubuntu", owner: owner.map { CatalogSamples.id($0) },
                    isProtected: isProtected),
                source: SourceLocation(url: "https://objects.example/u.qcow2")))
    }

    static func update(_ changes: ImageChange..., of image: String = "image-1", ifRevision: Int64? = nil) -> JobWork {
        .update(UpdateRequest(imageID: CatalogSamples.id(image), changes: changes, ifRevision: ifRevision))
    }

    static func delete(_ image: String = "image-1", store: String? = nil) -> JobWork {
        .delete(DeleteRequest(imageID: CatalogSamples.id(image), store: store.map { CatalogSamples.id($0) }))
    }

    static func copy(_ image: String = "image-1", to store: String = "eu-2") -> JobWork {
        .copy(CopyRequest(imageID: CatalogSamples.id(image), store: CatalogSamples.id(store)))
    }

    static func share(_ action: ShareAction, _ member: String = "acct-2", of image: String = "image-1") -> JobWork {
        .share(ShareRequest(imageID: CatalogSamples.id(image), action: action, member: CatalogSamples.id(member)))
    }

    static func cancel(_ job: String) -> JobWork { .cancel(CancelRequest(jobID: CatalogSamples.id(job))) }

    static func submission(
        _ id: String, _ work: JobWork, account: String? = nil, after: [String] = [], runsAfterFailure: Bool = false,
        priority: Int? = nil, deadline: Timestamp? = nil, maxAttempts: Int? = nil, query: String? = nil,
        replyTo: String? = nil, correlationID: String? = nil, body: String? = nil
    ) -> IntakeItem {
        let request = JobRequest(
            id: CatalogSamples.id(id), priority: priority,
            actor: account.map { JobActor(account: CatalogSamples.id($0)) }, after: after.map { CatalogSamples.id($0) },
            runsAfterFailure: runsAfterFailure, deadline: deadline, maxAttempts: maxAttempts, work: work)
        return .submission(
            JobSubmission(
                request: request, canonicalForm: body ?? id, sourceQuery: query, replyTo: replyTo,
                correlationID: correlationID),
            original: DeadLetter(
                body: Array((body ?? id).utf8), routingKey: request.kind.rawValue, messageID: id,
                correlationID: correlationID, replyTo: replyTo))
    }

    @discardableResult
    func accept(_ items: IntakeItem...) async throws -> [Acceptance] { try await catalog.accept(items) }

    // MARK: Work

    /// Claims what is due of one kind.
    func claim(_ kind: JobKind, _ limit: Int = 9, worker: String = "w-1") async throws -> [ClaimedJob] {
        try await catalog.claim(for: CatalogSamples.id(worker), slots: [kind: limit], lease: .seconds(30)).jobs
    }

    /// Claims the one job that is due of a kind.
    func claimOne(_ kind: JobKind) async throws -> ClaimedJob {
        let claimed = try await claim(kind)
        return try #require(claimed.count == 1 ? claimed.first : nil, "\(claimed.map(\.job.id)) are due")
    }

    static let result = TransferResult(
        content: CatalogSamples.content, source: SourceFacts(url: "https://objects.example/u.qcow2", size: 1))

    static func replica(_ store: String = "default") -> Replica {
        Replica(store: CatalogSamples.id(store), state: .available, objectKey: "k", url: "file:///k")
    }

    /// Runs a claimed import to its good end.
    func complete(_ claimed: ClaimedJob, in stores: [String] = ["default"]) async throws {
        for store in stores {
            let transfer = try await catalog.beginTransfer(claimed.lease, to: CatalogSamples.id(store))
            try await catalog.beginCommit(claimed.lease, of: transfer.id, with: Self.result)
        }
        try await catalog.completeImport(
            claimed.lease, result: Self.result, replicas: stores.map { Self.replica($0) })
    }

    /// Brings the bytes of a claimed copy to where its order says, unless the job ends before that.
    func completeCopy(_ claimed: ClaimedJob) async throws {
        guard let order = try await catalog.beginCopy(claimed.lease) else { return }
        let transfer = try await catalog.beginTransfer(claimed.lease, to: order.store)
        try await catalog.beginCommit(claimed.lease, of: transfer.id, with: Self.result)
        try await catalog.completeCopy(claimed.lease, replica: Self.replica(order.store.rawValue))
    }

    /// An active image of `acct-1`.
    @discardableResult
    func activeImage(
        _ image: String = "image-1", owner: String = "acct-1", isProtected: Bool = false,
        stores: [String] = ["default"]
    ) async throws -> Image {
        let work = Self.importWork(image, owner: owner, isProtected: isProtected)
        try await accept(Self.submission("make-\(image)", work))
        let claimed = try await claimOne(.import)
        try await complete(claimed, in: stores)
        return try await self.image(image)
    }

    // MARK: What came of it

    func job(_ id: String) async throws -> Job {
        try #require(try await catalog.read { try $0.job(CatalogSamples.id(id)) })
    }

    func image(_ id: String = "image-1") async throws -> Image {
        try #require(try await catalog.read { try $0.image(CatalogSamples.id(id)) })
    }

    func member(_ account: String) async throws -> MemberStatus? {
        try await catalog.read { try $0.member(CatalogSamples.id(account), of: CatalogSamples.id("image-1"))?.status }
    }

    func outbox() async throws -> [OutboxEntry] { try await catalog.read { try $0.unpublished(limit: 10_000) } }

    /// The announced steps of one job, as `phase`.
    func phases(of job: String) async throws -> [EventPhase] {
        try await outbox().filter { $0.destination == .events && $0.event.jobID == job }.compactMap {
            guard case .image(_, let phase) = $0.event.topic else { return nil }
            return phase
        }
    }

    /// The state a job ended in and why.
    func end(of job: String) async throws -> End {
        let job = try await self.job(job)
        return End(state: job.state, code: job.failure?.code)
    }

    /// How a job stands.
    struct End: Equatable {
        var state: JobState
        var code: FailureCode?

        init(state: JobState, code: FailureCode? = nil) {
            self.state = state
            self.code = code
        }

        static func failed(_ code: FailureCode) -> Self { Self(state: .failed, code: code) }
        static let succeeded = Self(state: .succeeded)
        static let cancelled = Self(state: .cancelled)
        static let queued = Self(state: .queued)
        static let deferred = Self(state: .deferred)
    }
}
