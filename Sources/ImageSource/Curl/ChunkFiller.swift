import ImageModel
import Synchronization

/// Fills chunks of a bounded pool with whatever lengths come in, and hands the full ones over.
///
/// Bytes are taken whole or not at all, as libcurl's write callback wants it: what does not fit, because the pool is
/// empty, waits in a small buffer, and after that nothing is taken until a chunk came back.
struct ChunkFiller: ~Copyable {
    private let pool: ChunkPool
    private let demand = Demand()
    private var builder: ChunkBuilder?
    private var overhang: [UInt8] = []

    /// A filler over its own pool. `onRoom` is called, on any thread, when a chunk came back that was waited for.
    init(size: Int, limit: Int, onRoom: @escaping @Sendable () -> Void) {
        pool = ChunkPool(chunkSize: size, chunkLimit: limit)
        pool.onRecycle { [demand] in
            if demand.isWaiting.exchange(false, ordering: .acquiringAndReleasing) { onRoom() }
        }
    }

    /// Takes all of `bytes`, or nothing and returns false: then `onRoom` will be called.
    mutating func append(_ bytes: UnsafeRawBufferPointer, handOver: (ImageChunk) -> Void) -> Bool {
        guard isReady(handOver: handOver) else { return false }
        let taken = fill(bytes, handOver: handOver)
        if taken < bytes.count { overhang.append(contentsOf: bytes[taken...]) }
        return true
    }

    /// Whether more bytes can be taken. When not, `onRoom` will be called.
    mutating func isReady(handOver: (ImageChunk) -> Void) -> Bool {
        if !overhang.isEmpty {
            let waiting = overhang
            let taken = waiting.withUnsafeBytes { fill($0, handOver: handOver) }
            overhang.removeFirst(taken)
            guard overhang.isEmpty else { return false }
        }
        return hasBuilder()
    }

    /// Hands over the rest; false when that must wait for a chunk: then `onRoom` will be called.
    mutating func finish(handOver: (ImageChunk) -> Void) -> Bool {
        if !overhang.isEmpty, !isReady(handOver: handOver), !overhang.isEmpty { return false }
        if let builder = builder.take(), builder.count > 0 { handOver(builder.finish()) }
        pool.onRecycle(nil)
        return true
    }

    /// Gives up what was not handed over.
    mutating func abandon() {
        pool.onRecycle(nil)
        builder = nil
        overhang = []
    }

    private mutating func fill(_ bytes: UnsafeRawBufferPointer, handOver: (ImageChunk) -> Void) -> Int {
        var taken = 0
        while taken < bytes.count, hasBuilder(), var current = builder.take() {
            taken += current.append(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
            if current.room == 0 {
                handOver(current.finish())
            } else {
                builder = consume current
            }
        }
        return taken
    }

    private mutating func hasBuilder() -> Bool {
        if builder != nil { return true }
        builder = pool.makeBuilder()
        guard builder == nil else { return true }
        // A chunk may come back between the look and the flag: so look again with the flag up.
        demand.isWaiting.store(true, ordering: .sequentiallyConsistent)
        builder = pool.makeBuilder()
        guard builder != nil else { return false }
        demand.isWaiting.store(false, ordering: .sequentiallyConsistent)
        return true
    }

    private final class Demand: Sendable {
        let isWaiting = Atomic(false)
    }
}
