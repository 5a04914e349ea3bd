import Catalog
import ImageModel
import ImageStore

/// The staging of one transfer.
struct SimulatedStaging: StagedImage {
    let store: SimulatedStore
    let transfer: TransferID
    let keptBytes: Int64

    var guardsKeptBytes: Bool { store.vouchesForBytes }

    func keptChunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        try await store.call(weight: 0.3) { () throws(StoreError) in
            try requireLock()
            guard offset < keptBytes, var builder = store.pool.makeBuilder() else { return nil }
            store.disk.staged[transfer]?.bytes[Int(offset)..<Int(keptBytes)].withUnsafeBytes { _ = builder.append($0) }
            return builder.finish()
        }
    }

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        if store.process.weather.strikes(.storeFull, weight: 0.2) {
            throw StoreError(.capacityExceeded, "store \(store.name) is full", isTransient: true)
        }
        try await store.call(weight: 0.3) { () throws(StoreError) in
            try requireLock()
            try requireRoom(for: chunk.count)
            chunk.withBytes { store.disk.staged[transfer]?.bytes.append(contentsOf: $0) }
        }
    }

    func synchronize() async throws(StoreError) -> Int64 {
        try await store.call { () throws(StoreError) in
            try requireLock()
            let count = store.disk.staged[transfer]?.bytes.count ?? 0
            if !store.forgetsToSynchronize { store.disk.staged[transfer]?.durable = count }
            return Int64(count)
        }
    }

    func commit() async throws(StoreError) -> StoredObject {
        let effect = { () throws(StoreError) -> StoredObject in
            try requireLock()
            let bytes = store.disk.staged.removeValue(forKey: transfer)?.bytes ?? []
            let object = SimulatedDisk.Object(bytes: bytes, unsynced: store.process)
            store.disk.objects[transfer] = object
            return store.object(object, of: transfer)
        }
        return try await store.call(effect, settled: { store.disk.objects[transfer]?.unsynced = nil })
    }

    private func requireLock() throws(StoreError) {
        guard store.disk.staged[transfer]?.writer === store.process else {
            throw StoreError(.internal, "the staging of \(transfer) is not this worker's", isTransient: false)
        }
    }

    /// Bytes come only when they were promised, and what was promised fits.
    private func requireRoom(for count: Int) throws(StoreError) {
        guard let free = store.disk.freeBytes else { return }
        let end = Int64((store.disk.staged[transfer]?.bytes.count ?? 0) + count)
        let promise = store.audit.transfers[transfer]
        if promise?.state != .staging, promise?.state != .committing {
            store.disk.hasUnpromisedBytes = true
        } else if end > promise?.reservedBytes ?? 0 {
            store.audit.report("transfer \(transfer) has \(end) bytes, more than it was promised")
        }
        guard free < Int64(count) else { return }
        store.process.weather.count(.storeFull)
        if !store.disk.hasUnpromisedBytes {
            store.audit.report("what transfer \(transfer) was promised does not fit into store \(store.name)")
        }
        throw StoreError(.capacityExceeded, "store \(store.name) is full", isTransient: true)
    }
}
