import Catalog
import ImageModel
import ImageStore

/// The stagings of one image in all its stores, open at the same time.
struct Staging {
    let stores: [any ImageStore]
    /// The transfers, in the order of the stores.
    let transfers: [Transfer]
    /// What is kept of the bytes that earlier attempts staged.
    let keptBytes: Int64
    let expectedSize: Int64?
    let catalog: ImageCatalog

    /// Opens one staging after the other and lends them all to `body`.
    func withStagedImages<Result: Sendable>(
        _ body: ([any StagedImage]) async throws -> Result
    ) async throws -> Result {
        do {
            return try await open(from: 0, opened: [], body)
        } catch {
            await removeStrays()
            throw error
        }
    }

    private func open<Result: Sendable>(
        from index: Int, opened: [any StagedImage], _ body: ([any StagedImage]) async throws -> Result
    ) async throws -> Result {
        guard index < stores.count else { return try await body(opened) }
        return try await stores[index].withStaging(
            transfers[index].id, keeping: keptBytes, expectedSize: expectedSize
        ) { staged in
            try await open(from: index + 1, opened: opened + [staged], body)
        }
    }

    /// A worker that was frozen before it opened a staging makes it anew when it wakes, though a successor may have
    /// removed it and recorded that nothing is left. Nobody goes on with a transfer that is not open any more, so its
    /// staging may go without a fence. What dies before this is the sweeper's.
    private func removeStrays() async {
        guard let job = transfers.first?.job,
            let open = try? await catalog.read({ rows in try Set(rows.openTransfers(of: job).map(\.id)) })
        else { return }
        for (store, transfer) in zip(stores, transfers) where !open.contains(transfer.id) {
            try? await store.discard(transfer.id)
        }
    }
}
