import ImageModel

/// The disk behind a store, shared by all workers: what was not synced may be lost when the worker that wrote it dies,
/// and a bit of what was staged may flip.
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
    /// Whether somebody wrote for a transfer that was closed by then: only who was frozen does.
    var hasUnpromisedBytes = false
    /// The bytes it has room for; nil for a disk without bounds.
    private var capacity: Int64?

    init(name: StoreName, capacity: Int64?) {
        self.name = name
        self.capacity = capacity
    }

    /// Somebody brings a larger one.
    func enlarge() {
        if capacity != nil { capacity = 1 << 40 }
    }

    /// The bytes it has room for yet.
    var freeBytes: Int64? {
        guard let capacity else { return nil }
        let stagings = staged.values.reduce(0) { $0 + $1.bytes.count }
        let others = [objects, removed].flatMap(\.values).reduce(0) { $0 + $1.bytes.count }
        return max(0, capacity - Int64(stagings + others))
    }

    func key(of transfer: TransferID) -> String { "objects/\(transfer)" }

    func transfer(ofKey key: String) -> TransferID? {
        key.hasPrefix("objects/") ? TransferID(String(key.dropFirst("objects/".count))) : nil
    }

    /// What the death of a process does: its locks go, each of its writes that was not synced may be
    /// undone, and a bit flip.
    func lose(writesOf process: SimulatedProcess) {
        let dice = process.weather.dice
        for transfer in staged.keys.sorted() where staged[transfer]?.writer === process {
            staged[transfer]?.writer = nil
            if let count = staged[transfer]?.bytes.count, count > 0, process.weather.strikes(.bitFlipped, weight: 10) {
                staged[transfer]?.bytes[dice.int(0...count - 1)] ^= 1
            }
            if dice.chance(0.7), let entry = staged[transfer], entry.bytes.count > entry.durable {
                process.weather.count(.bytesLost)
                let lost = entry.bytes.count - entry.durable
                staged[transfer]?.bytes.removeLast(lost)
                // The length may have reached the disk before the bytes did.
                if dice.chance(0.5) { staged[transfer]?.bytes += [UInt8](repeating: 0, count: lost) }
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
