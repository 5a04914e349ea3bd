import Catalog
import ImageJobs
import ImageModel
import TestSupport
import Testing

@Suite("A commit that comes after its successor's", .timeLimit(.minutes(10)))
struct LateCommitTests {
    private let body = PatternBytes(size: 3 * Int64(ScriptedSource.chunkSize), seed: 4)

    /// Goal: a worker that slept through its lease leaves no object that no row explains. Method: its commit is held in a store
    /// that locks nothing, until another worker has ended the job.
    @Test("Its object goes when the record of it is refused, and the successor's stays")
    func frozenBeforeCommit() async throws {
        let commits = Watched(0)
        let hasSuccessorEnded = Watched(false)
        let store = BucketStore("default") { _ in
            commits.change { $0 += 1 }
            if commits.value == 1 { await hasSuccessorEnded.wait { $0 } }
        }
        let harness = try await ImportHarness(ScriptedSource(ScriptedSource.Script(body: body)))
        var environment = harness.environment
        environment.stores = [store.name: store]
        try await harness.accept([.sha256])
        let runner = JobRunner(environment: environment)
        let first = try await harness.claim()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run(first, control: JobControl()) }
            await commits.wait { $0 == 1 }
            harness.clock.advance(by: .seconds(31))
            group.addTask {
                if let second = try? await harness.claim() { await runner.run(second, control: JobControl()) }
                hasSuccessorEnded.change { $0 = true }
            }
        }
        #expect(try await harness.job.state == .succeeded)
        let image = try #require(try await harness.catalog.read { try $0.image(CatalogSamples.id("image-1")) })
        #expect(Set(image.replicas.compactMap(\.objectKey)) == Set(store.objects.map { "\($0)" }))
        #expect(store.objects.count == 1 && store.staged.isEmpty)
        #expect(commits.value == 2)
    }
}
