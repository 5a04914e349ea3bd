import ImageModel
import ImageStore

/// One worker's way to a disk.
struct SimulatedStore: ImageStore {
    let disk: SimulatedDisk
    let process: SimulatedProcess
    let pool: ChunkPool
    let audit: Audit
    /// Whether it says that bytes are durable and does nothing for it.
    let forgetsToSynchronize: Bool
    /// Whether it says that nobody needs to look at staged bytes again, and keeps no checksums.
    let vouchesForBytes: Bool

    var name: StoreName { disk.name }

    func adopt(for catalog: CatalogID) async throws(StoreError) {}

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await withStaging(transfer, keeping: 0, expectedSize: expectedSize, body)
    }

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, keeping durableBytes: Int64, expectedSize: Int64?,
        _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        let kept = try await call { () throws(StoreError) in
            try requireUnlocked(transfer)
            var kept = disk.staged[transfer]?.bytes ?? []
            kept = kept.count < Int(durableBytes) ? [] : Array(kept.prefix(Int(durableBytes)))
            disk.staged[transfer] = SimulatedDisk.Staged(bytes: kept, durable: kept.count, writer: process)
            return Int64(kept.count)
        }
        defer {
            if disk.staged[transfer]?.writer === process { disk.staged[transfer]?.writer = nil }
        }
        return try await body(SimulatedStaging(store: self, transfer: transfer, keptBytes: kept))
    }

    func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        try await call {
            disk.objects[transfer]?.unsynced = nil
            return disk.objects[transfer].map { object($0, of: transfer) }
        }
    }

    func withObject<Result: Sendable>(
        _ objectKey: String, _ body: (any ReadableObject) async throws -> Result
    ) async throws -> Result {
        let bytes = try await call { () throws(StoreError) in
            guard let transfer = disk.transfer(ofKey: objectKey), let object = disk.objects[transfer] else {
                throw StoreError(.storeUnavailable, "store \(name) has no \(objectKey)", isTransient: true)
            }
            return object.bytes
        }
        return try await body(SimulatedObject(store: self, bytes: bytes))
    }

    func discard(_ transfer: TransferID) async throws(StoreError) {
        try await call { () throws(StoreError) in
            try requireUnlocked(transfer)
            disk.staged[transfer] = nil
        }
    }

    func delete(objectKey: String) async throws(StoreError) {
        guard let transfer = disk.transfer(ofKey: objectKey) else {
            throw StoreError(.internal, "\"\(objectKey)\" is not a key of this store", isTransient: false)
        }
        let effect = {
            guard var object = disk.objects.removeValue(forKey: transfer) else { return }
            object.unsynced = process
            disk.removed[transfer] = object
        }
        try await call(effect, settled: { disk.removed[transfer] = nil })
    }

    func freeBytes() async throws(StoreError) -> Int64? { try await call(weight: 0.5) { disk.freeBytes } }

    func object(_ object: SimulatedDisk.Object, of transfer: TransferID) -> StoredObject {
        let key = disk.key(of: transfer)
        return StoredObject(objectKey: key, url: "sim://\(name)/\(key)", size: Int64(object.bytes.count))
    }

    /// A call that may fail before or after its effect.
    ///
    /// - Parameter settled: What has happened by the time of the answer, whether the answer arrives or not.
    func call<Value>(
        weight: Double = 1, _ effect: () throws(StoreError) -> Value, settled: () -> Void = {}
    ) async throws(StoreError) -> Value {
        do {
            try await process.depart()
        } catch {
            throw away
        }
        if process.weather.strikes(.storeAway, weight: weight) { throw away }
        let value = try effect()
        do {
            try await process.arrive()
        } catch {
            throw away
        }
        settled()
        if process.weather.strikes(.storeReplyLost, weight: weight * 0.5) { throw away }
        return value
    }

    var away: StoreError { StoreError(.storeUnavailable, "store \(name) is away", isTransient: true) }

    private func requireUnlocked(_ transfer: TransferID) throws(StoreError) {
        guard let writer = disk.staged[transfer]?.writer, writer !== process else { return }
        throw StoreError(
            .storeUnavailable, "another process is writing \(transfer)", isTransient: true, isHeldElsewhere: true)
    }
}

/// An object that is open for reading: it can be read to its end even when it is deleted meanwhile.
private struct SimulatedObject: ReadableObject {
    let store: SimulatedStore
    let bytes: [UInt8]

    var size: Int64 { Int64(bytes.count) }

    func chunk(at offset: Int64) async throws(StoreError) -> ImageChunk? {
        try await store.call(weight: 0.1) {
            guard offset < size, var builder = store.pool.makeBuilder() else { return nil }
            _ = bytes[Int(offset)...].withUnsafeBytes { builder.append($0) }
            return builder.finish()
        }
    }
}
