import ImageModel
import ImageStore
import Synchronization
import TestSupport

/// A file store that fails at one sort of call until it is mended.
struct FaultyStore: ForwardingStore {
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

    let base: any ImageStore
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

    func freeBytes() async throws(StoreError) -> Int64? {
        try state.check(.freeBytes)
        return try await base.freeBytes()
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

private struct FaultyStaging: ForwardingStaging {
    let base: any StagedImage
    let state: FaultyStore.State

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
