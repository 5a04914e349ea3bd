import ImageModel
import Synchronization
import Testing

@Suite("Chunks and their pool")
struct ChunkPoolTests {
    @Test("A pool gives out as many chunks as it may, and again what came back")
    func bounded() {
        let pool = ChunkPool(chunkSize: 4_096, chunkLimit: 2)
        var chunks: [ImageChunk] = []
        for _ in 0..<2 { if let builder = pool.makeBuilder() { chunks.append(builder.finish()) } }
        #expect(chunks.count == 2)
        #expect(isEmpty(pool))
        chunks.removeFirst()
        #expect(!isEmpty(pool))
        chunks.removeAll()
        #expect(!isEmpty(pool))
    }

    @Test("A builder that is dropped gives its memory back")
    func droppedBuilder() {
        let pool = ChunkPool(chunkSize: 4_096, chunkLimit: 1)
        for _ in 0..<3 { #expect(!isEmpty(pool)) }
    }

    @Test("Whoever waits is told of each chunk that came back, until it asks no more")
    func callback() {
        let pool = ChunkPool(chunkSize: 4_096, chunkLimit: 1)
        let count = Atomic<Int>(0)
        pool.onRecycle { count.add(1, ordering: .relaxed) }
        _ = pool.makeBuilder()?.finish()
        #expect(count.load(ordering: .relaxed) == 1)
        pool.onRecycle(nil)
        _ = pool.makeBuilder()?.finish()
        #expect(count.load(ordering: .relaxed) == 1)
    }

    @Test("A chunk holds what was appended, page-aligned, and takes no more than fits")
    func contents() {
        let pool = ChunkPool(chunkSize: 8_192, chunkLimit: 1)
        let bytes = (0..<9_000).map { UInt8(truncatingIfNeeded: $0) }
        guard var builder = pool.makeBuilder() else {
            Issue.record("an idle pool has a chunk")
            return
        }
        #expect(builder.room == 8_192)
        let first = bytes.withUnsafeBytes { builder.append(UnsafeRawBufferPointer(rebasing: $0[..<5_000])) }
        let second = bytes.withUnsafeBytes { builder.append(UnsafeRawBufferPointer(rebasing: $0[5_000...])) }
        #expect(first == 5_000 && second == 3_192 && builder.room == 0 && builder.count == 8_192)
        let chunk = builder.finish()
        #expect(chunk.count == 8_192)
        chunk.withBytes { memory in
            #expect(memory.elementsEqual(bytes[..<8_192]))
            #expect(Int(bitPattern: memory.baseAddress).isMultiple(of: ChunkPool.alignment))
        }
        #expect(chunk.withWholeMemory { $0.count } == 8_192)
    }

    @Test("A chunk that is not full lends its bytes and its whole memory")
    func partial() {
        let pool = ChunkPool(chunkSize: 4_096, chunkLimit: 1)
        guard var builder = pool.makeBuilder() else {
            Issue.record("an idle pool has a chunk")
            return
        }
        _ = [1, 2, 3].withUnsafeBytes { builder.append(UnsafeRawBufferPointer(rebasing: $0[..<3])) }
        let chunk = builder.finish()
        #expect(chunk.withBytes { $0.count } == 3)
        #expect(chunk.withWholeMemory { $0.count } == 4_096)
    }

    @Test("Chunks outlive the owner of their pool")
    func outlivesPool() {
        let chunk = ChunkPool(chunkSize: 4_096, chunkLimit: 1).makeBuilder()?.finish()
        #expect(chunk?.withWholeMemory { $0.count } == 4_096)
    }

    /// Whether the pool has nothing to give; what it gives goes straight back.
    private func isEmpty(_ pool: ChunkPool) -> Bool {
        pool.makeBuilder() == nil
    }
}
