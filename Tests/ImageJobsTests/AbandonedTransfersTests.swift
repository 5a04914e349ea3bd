import Catalog
import ImageJobs
import ImageModel
import ImageStore
import Logging
import TestSupport
import Testing

@Suite("Clearing what ended jobs left", .timeLimit(.minutes(10)))
struct AbandonedTransfersTests {
    /// Goal: one store that is away, or that only other workers know, does not keep the bytes of ended jobs in the others.
    /// Method: more transfers than are looked at in one go lie before those of a good store.
    @Test("Nothing stands in the way of another store's transfers, and a store that is away is told of once")
    func othersFirst() async throws {
        let (away, good) = (BucketStore("away"), BucketStore("default"))
        away.fail(with: StoreError(.storeUnavailable, "store away: away", isTransient: true))
        let warnings = Watched([String]())
        let harness = try await ImportHarness(ScriptedSource(ScriptedSource.Script()))
        let environment = environment(harness, [away, good], warnings)
        let stores = Array(repeating: "unknown", count: 150) + Array(repeating: "away", count: 150) + ["default"]
        let ids = try await abandon(stores, harness)
        good.put(ids[300])
        for round in 1...2 {
            await JobRunner(environment: environment).clearAbandonedTransfers()
            #expect(good.objects.isEmpty && good.discards == 1)
            #expect(away.discards < 10 * round, "It is asked no more once it is known to be away.")
            #expect(warnings.value.count == round && warnings.value.allSatisfy { $0.contains("away") })
        }
        #expect(try await left(harness) == Array(ids[..<300]))
        away.fail(with: nil)
        await JobRunner(environment: environment).clearAbandonedTransfers()
        #expect(try await left(harness) == Array(ids[..<150]))
        #expect(warnings.value.count == 2)
    }

    @Test("A replica stays, whatever is said of the transfer that brought it")
    func replica() async throws {
        let store = BucketStore("default")
        let harness = try await ImportHarness(ScriptedSource(ScriptedSource.Script()))
        let environment = environment(harness, [store], Watched([]))
        let ids = try await abandon(["default", "default"], harness)
        for id in ids { store.put(id) }
        var image = CatalogSamples.image()
        image.replicas = [Replica(store: store.name, state: .available, objectKey: "\(ids[0])")]
        try await harness.database.write { [image] in try $0.insert(image) }
        await JobRunner(environment: environment).clearAbandonedTransfers()
        #expect(store.objects == [ids[0]])
        #expect(try await left(harness).isEmpty)
    }

    private func environment(
        _ harness: ImportHarness, _ stores: [BucketStore], _ warnings: Watched<[String]>
    ) -> JobEnvironment {
        var environment = harness.environment
        environment.stores = Dictionary(uniqueKeysWithValues: stores.map { ($0.name, $0) })
        environment.logger = Logger(label: "test") { _ in WarningLog(warnings: warnings) }
        return environment
    }

    /// Records that the jobs of transfers to these stores have ended.
    private func abandon(_ stores: [String], _ harness: ImportHarness) async throws -> [TransferID] {
        let transfers = stores.enumerated().map { index, store in
            var transfer = Transfer(
                id: CatalogSamples.id("t-\(index)"), job: CatalogSamples.id("job-9"),
                image: CatalogSamples.id("image-9"), store: CatalogSamples.id(store), createdAt: CatalogSamples.moment)
            transfer.state = .abandoned
            return transfer
        }
        try await harness.database.write { rows in for transfer in transfers { try rows.insert(transfer) } }
        return transfers.map(\.id)
    }

    private func left(_ harness: ImportHarness) async throws -> [TransferID] {
        try await harness.catalog.read { try $0.abandonedTransfers(limit: 1_000).map(\.id) }
    }
}

/// Keeps warnings, with what they tell.
private struct WarningLog: LogHandler {
    let warnings: Watched<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        warnings.change { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}
