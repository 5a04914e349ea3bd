import ImageModel
import ImageStore

/// The stagings of one image in all its stores, open at the same time.
struct Staging {
    let stores: [any ImageStore]
    let transfers: [TransferID]
    /// What is kept of the bytes that earlier attempts staged.
    let keptBytes: Int64
    let expectedSize: Int64?

    /// Opens one staging after the other and lends them all to `body`.
    func withStagedImages<Result: Sendable>(
        _ body: ([any StagedImage]) async throws -> Result
    ) async throws -> Result {
        try await open(from: 0, opened: [], body)
    }

    private func open<Result: Sendable>(
        from index: Int, opened: [any StagedImage], _ body: ([any StagedImage]) async throws -> Result
    ) async throws -> Result {
        guard index < stores.count else { return try await body(opened) }
        return try await stores[index].withStaging(
            transfers[index], keeping: keptBytes, expectedSize: expectedSize
        ) { staged in
            try await open(from: index + 1, opened: opened + [staged], body)
        }
    }
}
