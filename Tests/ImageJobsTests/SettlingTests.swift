import Catalog
import ImageModel
import Synchronization
import TestSupport
import Testing

@testable import ImageJobs

@Suite("Recording how a job ended", .timeLimit(.minutes(10)))
struct SettlingTests {
    /// Goal: a worker that is to stop stops, whatever has become of its catalog. Method: the catalog takes no more writes;
    /// the lease runs out while the job's end is written for the third time.
    @Test(
        "While the catalog is away it is tried for as long as the lease is good, whatever the job was stopped for",
        arguments: [StopReason.shutdown, .cancelRequested])
    func catalogAway(reason: StopReason) async throws {
        let control = JobControl()
        let tries = Mutex(0)
        let time = NotingTime {
            let count = tries.withLock { tries in
                tries += 1
                return tries
            }
            if count == 3 { control.stop(.leaseLost) }
            // Nothing would end it.
            if count == 20 { throw CancellationError() }
        }
        let harness = try await ImportHarness(ScriptedSource(ScriptedSource.Script()), time: time)
        try await harness.accept([.sha256])
        let claimed = try await harness.claim()
        var environment = harness.environment
        environment.catalog = ImageCatalog(
            database: ReadOnlyDatabase(base: harness.database), random: SeededRandomSource(seed: 1))
        control.stop(reason)
        await JobRunner(environment: environment).run(claimed, control: control)
        #expect(tries.withLock(\.self) == 3)
        #expect(control.reason == .leaseLost)
        #expect(try await harness.job.state == .running)
    }
}

/// A database that takes no writes.
private struct ReadOnlyDatabase: CatalogDatabase {
    let base: InMemoryCatalogDatabase

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws(CatalogError) -> Result {
        throw CatalogError(.unavailable, "the disk is full")
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CatalogError) -> Result {
        try await base.read(body)
    }
}
