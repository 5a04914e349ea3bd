import Catalog
import Foundation
import ImageJobs
import ImageModel
import ImageStore
import TestSupport
import Testing

@Suite("Imports into several stores", .timeLimit(.minutes(5)))
struct StoresRequireTests {
    private static let unit = Int64(ScriptedSource.chunkSize)
    private let body = PatternBytes(size: 40 * unit + 7, seed: 5)

    /// An installation with the stores `default` and `eu-2`, and an import into both.
    private struct Scene {
        let source: ScriptedSource
        let harness: ImportHarness
        let environment: JobEnvironment
        let second: TemporaryStore
        let faults: (first: FaultyStore.State, second: FaultyStore.State)

        var catalog: ImageCatalog { harness.catalog }

        func attempt(_ kind: JobKind = .import, _ control: JobControl = JobControl()) async throws {
            let claimed = try await catalog.claim(
                for: CatalogSamples.id("w-1"), slots: [kind: 1], lease: .seconds(30)
            ).jobs
            try await JobRunner(environment: environment).run(#require(claimed.first), control: control)
            harness.clock.advance(by: .seconds(3_700))
        }

        var repairs: [Job] {
            get async throws {
                try await catalog.read { try $0.jobs(JobFilter(kind: .copy)) }.filter { $0.repairs != nil }
            }
        }

        var image: Image {
            get async throws { try #require(try await catalog.read { try $0.image(CatalogSamples.id("image-1")) }) }
        }

        var states: [ReplicaState] { get async throws { try await image.replicas.map(\.state) } }

        func expectBytes(_ body: PatternBytes) async throws {
            for replica in try await image.replicas where replica.state == .available {
                let bytes = try [UInt8](Data(contentsOf: #require(replica.url.flatMap(URL.init(string:)))))
                #expect(body.size == bytes.count && bytes.withUnsafeBytes { body.matches($0, at: 0) })
            }
        }
    }

    private func scene(
        _ require: StoresRequirement? = .any, first: FaultyStore.State = FaultyStore.State(nil),
        second: FaultyStore.State = FaultyStore.State(nil), stop: ScriptedSource.Script? = nil
    ) async throws -> Scene {
        let source = ScriptedSource((stop.map { [$0] } ?? []) + [ScriptedSource.Script(body: body)])
        let harness = try await ImportHarness(source)
        let other = try await TemporaryStore("eu-2")
        var environment = harness.environment
        environment.stores[harness.store.name] = FaultyStore(base: harness.store, state: first)
        environment.stores[other.store.name] = FaultyStore(base: other.store, state: second)
        let work = JobWork.import(
            ImportRequest(
                image: ImageSpecification(id: CatalogSamples.id("image-1"), name: "n"),
                source: SourceLocation(url: "https://h/image"),
                stores: [harness.store.name, other.store.name], storesRequire: require))
        let submission = JobSubmission(
            request: JobRequest(id: CatalogSamples.id("job-1"), work: work), canonicalForm: "{}")
        _ = try await harness.catalog.accept([
            .submission(submission, original: DeadLetter(body: [], routingKey: "import"))
        ])
        return Scene(
            source: source, harness: harness, environment: environment, second: other, faults: (first, second))
    }

    @Test("The bytes are fetched once for both stores")
    func both() async throws {
        let scene = try await scene()
        try await scene.attempt()
        #expect(try await scene.harness.job.state == .succeeded)
        #expect(try await scene.states == [.available, .available])
        #expect(scene.source.offsets == [0])
        #expect(try await scene.repairs.isEmpty)
        try await scene.expectBytes(body)
    }

    @Test(
        "An import goes on without the store that fails, which gets its replica once it is mended",
        arguments: FaultyStore.Fault.allCases, [true, false])
    func secondFails(_ fault: FaultyStore.Fault, _ isTransient: Bool) async throws {
        let scene = try await scene(second: FaultyStore.State(fault, isTransient: isTransient))
        try await scene.attempt()
        #expect(try await scene.harness.job.state == .succeeded)
        #expect(try await scene.states == [.available, .pending])
        #expect(scene.source.offsets == [0])
        for _ in 1...12 {
            try await scene.attempt(.copy)
            let repair = try #require(try await scene.repairs.first)
            #expect(repair.state == .retrying && repair.failure?.isRetryable == true)
        }
        scene.faults.second.mend()
        try await scene.attempt(.copy)
        #expect(try await scene.repairs.map(\.state) == [.succeeded])
        #expect(try await scene.states == [.available, .available])
        #expect(scene.source.offsets == [0])
        try await scene.expectBytes(body)
        await JobRunner(environment: scene.environment).clearAbandonedTransfers()
        #expect(scene.second.staged.isEmpty && scene.second.objects.count == 1)
    }

    @Test("An import goes on without the first store as well", arguments: FaultyStore.Fault.allCases)
    func firstFails(_ fault: FaultyStore.Fault) async throws {
        let scene = try await scene(first: FaultyStore.State(fault, after: fault == .append ? 20 : 0))
        try await scene.attempt()
        #expect(try await scene.harness.job.state == .succeeded)
        #expect(try await scene.states == [.pending, .available])
        try await scene.expectBytes(body)
    }

    @Test("Where both are required, either one that fails ends the attempt", arguments: [StoresRequirement.all, nil])
    func required(_ require: StoresRequirement?) async throws {
        for isTransient in [true, false] {
            let scene = try await scene(require, second: FaultyStore.State(.append, isTransient: isTransient))
            try await scene.attempt()
            #expect(try await scene.harness.job.state == (isTransient ? .retrying : .failed))
            #expect(try await scene.repairs.isEmpty)
            #expect(scene.second.staged.isEmpty && scene.second.objects.isEmpty)
        }
    }

    @Test("When every store fails the attempt has failed; it is worth another if one of them may mend")
    func allFail() async throws {
        for (first, second, state) in [
            (true, false, JobState.retrying), (false, true, .retrying), (false, false, .failed),
        ] {
            let scene = try await scene(
                first: FaultyStore.State(.append, isTransient: first),
                second: FaultyStore.State(.commit, isTransient: second))
            try await scene.attempt()
            #expect(try await scene.harness.job.state == state)
            #expect(scene.harness.staged.isEmpty && scene.second.objects.isEmpty)
        }
    }

    @Test("A worker that dies between two commits leaves an image that its successor records without another fetch")
    func diesBetweenCommits() async throws {
        let scene = try await scene()
        let claimed = try await scene.harness.claim()
        let lease = claimed.lease
        for store in scene.environment.stores.values.sorted(by: { $0.name < $1.name }) {
            let transfer = try await scene.catalog.beginTransfer(lease, to: store.name)
            let result = TransferResult(
                content: ImageContent(format: .raw, size: 4, virtualSize: 4, digests: []),
                source: SourceFacts(url: "https://h/image"))
            try await store.withStaging(transfer.id, expectedSize: 4) { staged in
                var builder = ChunkPool(chunkSize: ScriptedSource.chunkSize, chunkLimit: 1).makeBuilder()
                _ = [UInt8](repeating: 7, count: 4).withUnsafeBytes { builder?.append($0) }
                guard let chunk = builder.take()?.finish() else { return }
                try await staged.append(chunk)
                try await scene.catalog.beginCommit(lease, of: transfer.id, with: result)
                if store.name == scene.harness.store.name { _ = try await staged.commit() }
            }
        }
        scene.harness.clock.advance(by: .seconds(31))
        try await scene.attempt()
        #expect(try await scene.harness.job.state == .succeeded)
        #expect(try await scene.states == [.available, .pending])
        #expect(scene.source.offsets.isEmpty)
        try await scene.attempt(.copy)
        #expect(try await scene.states == [.available, .available])
        await JobRunner(environment: scene.environment).clearAbandonedTransfers()
        #expect(scene.second.staged.isEmpty && scene.second.objects.count == 1)
    }

    @Test("An import that was interrupted after it had lost a store goes on in the others")
    func goesOn() async throws {
        let scene = try await interrupted()
        try await scene.attempt()
        #expect(try await scene.harness.job.state == .succeeded)
        #expect(scene.source.offsets.count == 2 && scene.source.offsets[1] > 0)
        #expect(try await scene.states == [.available, .pending])
        try await scene.expectBytes(body)
    }

    @Test(
        "When the store that an import goes on in fails as well, it begins again in those it had lost",
        arguments: FaultyStore.Fault.allCases, [true, false])
    func otherStoreFails(_ fault: FaultyStore.Fault, _ isTransient: Bool) async throws {
        let scene = try await interrupted()
        scene.faults.second.mend()
        scene.faults.first.fail(at: fault, isTransient: isTransient)
        try await scene.attempt()
        #expect(try await scene.harness.job.state == .succeeded)
        #expect(try await scene.states == [.pending, .available])
        try await scene.expectBytes(body)
    }

    @Test("An import whose last store fails while it goes on has failed like any other")
    func lastStoreFails() async throws {
        for (isTransient, state) in [(true, JobState.retrying), (false, .failed)] {
            let scene = try await interrupted(second: false)
            scene.faults.first.fail(at: .append, isTransient: isTransient)
            try await scene.attempt()
            #expect(try await scene.harness.job.state == state)
            #expect(try await scene.harness.job.failure?.code == .storeUnavailable)
        }
    }

    /// An import that has lost its second store, and was then interrupted with a checkpoint in the first.
    private func interrupted(second isTransient: Bool = true) async throws -> Scene {
        let control = JobControl()
        let stop = ScriptedSource.Script(
            body: body,
            stop: (
                20 * Self.unit,
                {
                    control.stop(.shutdown)
                    try await Task.sleep(for: .seconds(600))
                }
            ))
        let scene = try await scene(
            second: FaultyStore.State(.append, isTransient: isTransient, after: 10), stop: stop)
        try await scene.attempt(.import, control)
        #expect(try await scene.harness.job.state == .queued)
        return scene
    }
}
