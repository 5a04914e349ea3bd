import ImageModel
import ImageStore

/// The disk behind a store, shared by all workers: what was not synced may be lost when the worker that wrote it dies.
// Unchecked: touched only by the one thread that runs its history.
final class SimulatedDisk: @unchecked Sendable {
    struct Staged {
        var bytes: [UInt8] = []
        var durable = 0
        var writer: SimulatedProcess?
    }

    struct Object {
        var bytes: [UInt8]
        /// The worker whose death may undo the commit; nil once the directory was synced.
        var unsynced: SimulatedProcess?
    }

    let name: StoreName
    var staged: [TransferID: Staged] = [:]
    var objects: [TransferID: Object] = [:]
    /// Objects whose removal was not synced yet.
    var removed: [TransferID: Object] = [:]

    init(name: StoreName) {
        self.name = name
    }

    func key(of transfer: TransferID) -> String { "objects/\(transfer)" }

    func transfer(ofKey key: String) -> TransferID? {
        key.hasPrefix("objects/") ? TransferID(String(key.dropFirst("objects/".count))) : nil
    }

    /// What the death of a process does: its locks go, and each of its writes that was not synced may be undone.
    func lose(writesOf process: SimulatedProcess) {
        let dice = process.weather.dice
        for transfer in staged.keys.sorted() where staged[transfer]?.writer === process {
            staged[transfer]?.writer = nil
            if dice.chance(0.7), let entry = staged[transfer], entry.bytes.count > entry.durable {
                process.weather.count(.bytesLost)
                staged[transfer]?.bytes.removeLast(entry.bytes.count - entry.durable)
            }
        }
        for transfer in objects.keys.sorted() where objects[transfer]?.unsynced === process {
            objects[transfer]?.unsynced = nil
            if dice.chance(0.5), let object = objects.removeValue(forKey: transfer) {
                process.weather.count(.bytesLost)
                staged[transfer] = Staged(bytes: object.bytes, durable: object.bytes.count)
            }
        }
        for transfer in removed.keys.sorted() where removed[transfer]?.unsynced === process {
            if dice.chance(0.5), var object = removed[transfer] {
                object.unsynced = nil
                objects[transfer] = object
            }
            removed[transfer] = nil
        }
    }
}

/// One worker's way to a disk.
struct SimulatedStore: ImageStore {
    let disk: SimulatedDisk
    let process: SimulatedProcess

    var name: StoreName { disk.name }

    func adopt(for catalog: CatalogID) async throws(StoreError) {}

    func withStaging<Result: Sendable>(
        _ transfer: TransferID, expectedSize: Int64?, _ body: (any StagedImage) async throws -> Result
    ) async throws -> Result {
        try await call { () throws(StoreError) in
            try requireUnlocked(transfer)
            disk.staged[transfer] = SimulatedDisk.Staged(writer: process)
        }
        defer {
            if disk.staged[transfer]?.writer === process { disk.staged[transfer]?.writer = nil }
        }
        return try await body(SimulatedStaging(store: self, transfer: transfer))
    }

    func committedObject(of transfer: TransferID) async throws(StoreError) -> StoredObject? {
        try await call {
            disk.objects[transfer]?.unsynced = nil
            return disk.objects[transfer].map { object($0, of: transfer) }
        }
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
        try await call {
            guard var object = disk.objects.removeValue(forKey: transfer) else { return }
            object.unsynced = process
            disk.removed[transfer] = object
        }
        disk.removed[transfer] = nil
    }

    func freeBytes() async throws(StoreError) -> Int64? { nil }

    func object(_ object: SimulatedDisk.Object, of transfer: TransferID) -> StoredObject {
        let key = disk.key(of: transfer)
        return StoredObject(objectKey: key, url: "sim://\(name)/\(key)", size: Int64(object.bytes.count))
    }

    /// A call that may fail before or after its effect.
    func call<Value>(weight: Double = 1, _ effect: () throws(StoreError) -> Value) async throws(StoreError) -> Value {
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
        if process.weather.strikes(.storeReplyLost, weight: weight * 0.5) { throw away }
        return value
    }

    var away: StoreError { StoreError(.storeUnavailable, "store \(name) is away", isTransient: true) }

    private func requireUnlocked(_ transfer: TransferID) throws(StoreError) {
        guard let writer = disk.staged[transfer]?.writer, writer !== process else { return }
        throw StoreError(.storeUnavailable, "another process is writing \(transfer)", isTransient: true)
    }
}

/// The staging of one transfer.
struct SimulatedStaging: StagedImage {
    let store: SimulatedStore
    let transfer: TransferID

    func append(_ chunk: ImageChunk) async throws(StoreError) {
        if store.process.weather.strikes(.storeFull, weight: 0.2) {
            throw StoreError(.capacityExceeded, "store \(store.name) is full", isTransient: true)
        }
        try await store.call(weight: 0.3) { () throws(StoreError) in
            try requireLock()
            chunk.withBytes { store.disk.staged[transfer]?.bytes.append(contentsOf: $0) }
        }
    }

    func synchronize() async throws(StoreError) -> Int64 {
        try await store.call { () throws(StoreError) in
            try requireLock()
            let count = store.disk.staged[transfer]?.bytes.count ?? 0
            store.disk.staged[transfer]?.durable = count
            return Int64(count)
        }
    }

    func commit() async throws(StoreError) -> StoredObject {
        let object = try await store.call { () throws(StoreError) in
            try requireLock()
            let bytes = store.disk.staged.removeValue(forKey: transfer)?.bytes ?? []
            let object = SimulatedDisk.Object(bytes: bytes, unsynced: store.process)
            store.disk.objects[transfer] = object
            return store.object(object, of: transfer)
        }
        store.disk.objects[transfer]?.unsynced = nil
        return object
    }

    private func requireLock() throws(StoreError) {
        guard store.disk.staged[transfer]?.writer === store.process else {
            throw StoreError(.internal, "the staging of \(transfer) is not this worker's", isTransient: false)
        }
    }
}
