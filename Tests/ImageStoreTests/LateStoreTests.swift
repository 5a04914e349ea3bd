import ImageModel
import ImageStore
import Synchronization
import TestSupport
import Testing

@Suite("A store that was away at the start", .timeLimit(.minutes(5)))
struct LateStoreTests {
    private let transfer = CatalogSamples.id("0123456789abcdef") as TransferID

    /// Whether the store has come back, and how often somebody looked.
    private final class Absence: Sendable {
        private let state = Mutex((isOver: false, looks: 0))

        var looks: Int { state.withLock { $0.looks } }
        func end() { state.withLock { $0.isOver = true } }

        func look() throws(StoreError) {
            let isOver = state.withLock { state in
                state.looks += 1
                return state.isOver
            }
            if !isOver { throw StoreError(.storeUnavailable, "away", isTransient: true) }
        }
    }

    @Test("is adopted before anything reaches it, and once")
    func adoption() async throws {
        let place = try TemporaryFilePlace()
        let base = try FileStore(name: CatalogSamples.id("eu-2"), url: place.url)
        let catalog = CatalogSamples.id("catalog-1") as CatalogID
        let absence = Absence()
        let store = LateStore(base) { () async throws(StoreError) in
            try absence.look()
            try await base.adopt(for: catalog)
        }
        #expect(store.name == base.name)
        try await expectRefusals(by: store)
        #expect(try await base.identity() == nil)
        absence.end()
        let looks = absence.looks
        #expect(try await store.freeBytes() != nil)
        try await store.withStaging(transfer, keeping: 0, expectedSize: nil) { _ in }
        try await store.discard(transfer)
        #expect(try await store.isAdopted(by: catalog))
        #expect(try await base.identity() != nil)
        #expect(absence.looks == looks + 1)
    }

    private func expectRefusals(by store: LateStore) async throws {
        let away = StoreError(.storeUnavailable, "away", isTransient: true)
        let calls: [() async throws -> Void] = [
            { _ = try await store.freeBytes() },
            { _ = try await store.committedObject(of: transfer) },
            { try await store.discard(transfer) },
            { try await store.delete(objectKey: "objects/ab/x") },
            { try await store.withObject("objects/ab/x") { _ in } },
            { try await store.withStaging(transfer, expectedSize: nil) { _ in } },
            { try await store.withStaging(transfer, keeping: 0, expectedSize: nil) { _ in } },
            { _ = try await store.shelves() },
            { _ = try await store.items(on: StoreShelf(holdsObjects: false, name: "staging")) },
            { _ = try await store.isAdopted(by: CatalogSamples.id("catalog-1")) },
        ]
        for call in calls {
            let error = await #expect(throws: StoreError.self) { try await call() }
            #expect(error?.message == away.message && error?.isTransient == true)
        }
    }
}
