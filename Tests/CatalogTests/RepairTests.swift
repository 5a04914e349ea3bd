import Catalog
import ImageModel
import TestSupport
import Testing

@Suite("Replicas that an import went without")
struct RepairTests {
    let harness: Harness

    init() { harness = Harness() }

    private init(_ policy: any ImagePolicy) { harness = Harness(policy: policy) }

    /// An import to three stores of which one is enough, with the replicas it got.
    private func importImage(into stores: [String] = ["default"], require: StoresRequirement? = .any) async throws {
        let request = ImportRequest(
            image: ImageSpecification(
                id: CatalogSamples.id("image-1"), name: "ubuntu", owner: CatalogSamples.id("acct-1")),
            source: SourceLocation(url: "https://objects.example/u.qcow2"),
            stores: ["default", "eu-2", "eu-3"].map { CatalogSamples.id($0) }, storesRequire: require)
        try await harness.accept(Harness.submission("job-1", .import(request)))
        let claimed = try await harness.claimOne(.import)
        // It began in all of them.
        for store in ["default", "eu-2", "eu-3"] where !stores.contains(store) {
            _ = try await harness.catalog.beginTransfer(claimed.lease, to: CatalogSamples.id(store))
        }
        try await harness.complete(claimed, in: stores)
    }

    private func repairs() async throws -> [Job] {
        try await harness.catalog.read { try $0.jobs(JobFilter(kind: .copy)) }
            .filter { $0.repairs != nil }
            .sorted { target($0) < target($1) }
    }

    private func target(_ job: Job) -> String {
        guard case .copy(let request) = job.request.work else { return "" }
        return request.targetStore.rawValue
    }

    private func states() async throws -> [String: ReplicaState] {
        let replicas = try await harness.image().replicas
        return Dictionary(replicas.map { ($0.store.rawValue, $0.state) }) { first, _ in first }
    }

    @Test("The import ends with what it has; a copy for each missing store is accepted in the same transaction")
    func accepted() async throws {
        try await importImage()
        #expect(try await harness.end(of: "job-1") == .succeeded)
        #expect(try await states() == ["default": .available, "eu-2": .pending, "eu-3": .pending])
        let repairs = try await repairs()
        #expect(repairs.map(target) == ["eu-2", "eu-3"])
        for job in repairs {
            #expect(job.repairs == CatalogSamples.id("job-1") && job.state == .queued && job.priority == 0)
            #expect(job.request.owner == CatalogSamples.id("acct-1") && job.neededVersion == 2)
            #expect(try await harness.phases(of: job.id.rawValue) == [.accepted])
        }
        let open = try await harness.catalog.read { try $0.openTransfers(of: CatalogSamples.id("job-1")) }
        #expect(open.isEmpty)
        // Whatever the lost stores have of it is nobody's.
        #expect(try await harness.catalog.read { try $0.abandonedTransfers(limit: 9) }.count == 2)
    }

    @Test("A copy for every missing store makes the image whole, and no operation shows")
    func repaired() async throws {
        try await importImage(into: ["default", "eu-3"])
        let claimed = try await harness.claimOne(.copy)
        #expect(claimed.image?.operation == nil)
        #expect(try await harness.image().operation == nil)
        try await harness.completeCopy(claimed)
        #expect(try await states() == ["default": .available, "eu-2": .available, "eu-3": .available])
        #expect(try await harness.phases(of: claimed.job.id.rawValue) == [.accepted, .started, .completed])
    }

    @Test("Where every store is required nothing is repaired, and no store at all is no success")
    func required() async throws {
        try await importImage(into: ["default", "eu-2", "eu-3"])
        #expect(try await repairs().isEmpty)
        await #expect(throws: CatalogError(.forbidden, "")) {
            let request = ImportRequest(
                image: ImageSpecification(id: CatalogSamples.id("image-2"), name: "n"),
                source: SourceLocation(url: "https://h/u"), storesRequire: .any)
            try await harness.accept(Harness.submission("job-2", .import(request)))
            let claimed = try await harness.claimOne(.import)
            try await harness.catalog.completeImport(claimed.lease, result: Harness.result, replicas: [])
        }
    }

    @Test("A repair does not give up, after any number of failures and crashes")
    func patience() async throws {
        try await importImage(into: ["default", "eu-2"])
        for round in 1...20 {
            let claimed = try await harness.claimOne(.copy)
            _ = try await harness.catalog.beginTransfer(claimed.lease, to: CatalogSamples.id("eu-3"))
            if round % 4 == 0 {
                harness.clock.advance(by: .seconds(31))  // The lease runs out.
                #expect(try await harness.claim(.copy).isEmpty)
            } else {
                try await harness.catalog.retry(claimed.lease, after: .seconds(1), because: CatalogSamples.failure)
            }
            harness.clock.advance(by: .seconds(3_600))
        }
        #expect(try await states()["eu-3"] == .copying)
        try await harness.completeCopy(harness.claimOne(.copy))
        #expect(try await states()["eu-3"] == .available)
    }

    @Test("A waiting repair holds up no delete of another replica; one of its own store ends it")
    func replicaDeletes() async throws {
        try await importImage(into: ["default", "eu-2"])
        try await harness.accept(Harness.submission("d-1", Harness.delete(store: "eu-2")))
        let claimed = try await harness.claimOne(.delete)
        _ = try await harness.catalog.beginDelete(claimed.lease)
        try await harness.catalog.completeDelete(claimed.lease)
        #expect(try await states() == ["default": .available, "eu-3": .pending])
        try await harness.accept(Harness.submission("d-2", Harness.delete(store: "eu-3")))
        #expect(try await repairs().map(\.state) == [.cancelled])
        #expect(try await states() == ["default": .available])
    }

    @Test("Who asks for the copy takes the place of the repair; a running one is waited for")
    func askedCopies() async throws {
        try await importImage()
        let running = try await harness.claim(.copy, 1)
        let store = try target(#require(running.first).job)
        let other = store == "eu-2" ? "eu-3" : "eu-2"
        try await harness.accept(Harness.submission("c-1", Harness.copy(to: other)))
        try await harness.accept(Harness.submission("c-2", Harness.copy(to: store)))
        #expect(try await harness.end(of: "c-1") == .queued)
        #expect(try await harness.end(of: "c-2") == .deferred)
        #expect(try await repairs().count { $0.state == .cancelled } == 1)
        try await harness.catalog.cancel(#require(running.first).lease)
        for _ in 1...2 { for claimed in try await harness.claim(.copy) { try await harness.completeCopy(claimed) } }
        #expect(try await states() == ["default": .available, "eu-2": .available, "eu-3": .available])
    }

    @Test("A delete of the image ends its repairs, and they leave nothing")
    func imageDelete() async throws {
        try await importImage()
        try await harness.accept(Harness.submission("d", Harness.delete()))
        #expect(try await repairs().map(\.state) == [.cancelled, .cancelled])
        #expect(try await states() == ["default": .available])
        let claimed = try await harness.claimOne(.delete)
        _ = try await harness.catalog.beginDelete(claimed.lease)
        try await harness.catalog.completeDelete(claimed.lease)
        #expect(try await harness.image().status == .deleted)
    }

    @Test("A profile that lets nobody copy an image lets it be repaired")
    func profile() async throws {
        struct NoCopies: ImagePolicy {
            func refusal(of work: JobWork, on image: Image, members: [Member]) -> Failure? {
                work.kind == .copy ? Failure(.policyDenied, "no copies", stage: .planning) : nil
            }
        }
        let strict = Self(NoCopies())
        try await strict.importImage()
        for claimed in try await strict.harness.claim(.copy) { try await strict.harness.completeCopy(claimed) }
        #expect(try await strict.harness.image().replicas.allSatisfy { $0.state == .available })
    }
}
