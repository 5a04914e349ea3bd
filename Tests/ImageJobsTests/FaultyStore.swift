import ImageModel
import ImageStore
import Synchronization

/// A file store that fails at one sort of call until it is mended.
struct FaultyStore: ImageStore {
    /// The calls that fail.
    enum Fault: CaseIterable, Sendable {
        case freeBytes
        case open
        case append
        case synchronize
        case commit
        /// The store did what it was asked to, and could not say so.
        case commitAnswer
    }

    let base: FileStore
    let state: State

    /// What is wrong with a store, shared by its copies.
    final class State: Sendable {
        private let fault: Mutex<(fault: Fault, isTransient: Bool, skipped: Int)?>

        init(_ fault: Fault?, isTransient: Bool = true, after calls: Int = 0) {
            self.fault = Mutex(fault.map { ($0, isTransient, calls) })
        }

        func mend() { fault.withLock { $0 = nil } }

        func fail(at call: Fault, isTransient: Bool = true) { fault.withLock { $0 = (call, isTransient, 0) } }

        func check(_ call: Fault) throws(StoreError) {
            let isTransient: Bool? = fault.withLock { fault in
                guard let known = fault, known.fault == call else { return nil }
                guard known.skipped == 0 else {
                    fault?.skipped -= 1
                    return nil
                }
                return known.isTransient
            }
            if let isTransient { throw StoreError(.storeUnavailable, "broken: \(call)", isTransient: isTransient) }
        }
    }

    var name: StoreName { base.name }
    func adopt(for catalog: CatalogID) async throws(StoreError) { try await base.adopt(for: catalog) }
    func discard(_ transfer: TransferID) async throws(StoreError) { try await base.discard(transfer) }
    func delete(objectKey: String) async throws(StoreError) { try await base.delete(objectKey: objectKey) }

    func freeBytes() async throws(StoreError) -> Int64? {
        try state.check(.freeBytes)
        return try await base.freeBytes()
    }

    func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        try await base.committedObject(of: transfer)
    }

    func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        try await base.withObject(objectKey, body)
    }

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await withStaging(transfer, keeping: 0, expectedSize: expectedSize, body)
    }

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try state.check(.open)
        return try await base.withStaging(transfer, keeping: durableBytes, expectedSize: expectedSize) { staged in
            try await body(FaultyStaging(base: staged, state: state))
        }
    }
}

private struct FaultyStaging: StagedImage {
    let base: any StagedImage
    let state: FaultyStore.State

    var keptBytes: Int64 { base.keptBytes }

    func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? { try await base.keptChunk(at: offset) }

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        try state.check(.append)
        try await base.append(chunk)
    }

    func synchronize() async throws(StoreError) -> Int64 {
        try state.check(.synchronize)
        return try await base.synchronize()
    }

    func commit() async throws(StoreError) -> StoredObject {
        try state.check(.commit)
        let object = try await base.commit()
        try state.check(.commitAnswer)
        return object
    }
}
