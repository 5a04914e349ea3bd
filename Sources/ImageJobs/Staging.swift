import Catalog
import ImageModel
import ImageStore

/// The stagings of one image in all its stores, open at the same time.
struct Staging {
    let places: [Destination]
    /// What is kept of the bytes that earlier attempts staged.
    let keptBytes: Int64
    let expectedSize: Int64?
    let catalog: ImageCatalog
    let destinations: Destinations

    /// Opens one staging after the other and lends those that could be opened to `body`.
    func withStagedImages<Result: Sendable>(
        _ body: ([DestinedImage]) async throws -> Result
    ) async throws -> Result {
        do {
            return try await open(from: 0, opened: [], body)
        } catch {
            await removeStrays()
            throw error
        }
    }

    private func open<Result: Sendable>(
        from index: Int, opened: [DestinedImage], _ body: ([DestinedImage]) async throws -> Result
    ) async throws -> Result {
        guard index < places.count else { return try await body(opened) }
        let place = places[index]
        var isOpen = false
        do {
            return try await place.store.withStaging(
                place.transfer.id, keeping: keptBytes, expectedSize: expectedSize
            ) { staged in
                isOpen = true
                let image = DestinedImage(base: staged, transfer: place.transfer, destinations: destinations)
                return try await open(from: index + 1, opened: opened + [image], body)
            }
        } catch let error as StoreError where !isOpen {
            try destinations.lose(place.store.name, because: error)
            return try await open(from: index + 1, opened: opened, body)
        }
    }

    /// A worker that was frozen before it opened a staging, or before it committed one in a store that locks nothing, does
    /// that when it wakes, though a successor may have removed all there was and recorded that nothing is left. Nobody
    /// goes on with a transfer that is not open any more, so what is no replica may go without a fence. What dies before
    /// this is the sweeper's.
    private func removeStrays() async {
        guard let job = places.first?.transfer.job,
            let open = try? await catalog.read({ rows in try Set(rows.openTransfers(of: job).map(\.id)) })
        else { return }
        for place in places where !open.contains(place.transfer.id) {
            _ = try? await place.store.removeLeftBytes(of: place.transfer.id, notIn: catalog)
        }
    }
}
