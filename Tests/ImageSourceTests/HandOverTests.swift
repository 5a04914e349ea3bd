import ImageModel
import Synchronization
import TestSupport
import Testing

@testable import ImageSource

@Suite("Handing chunks over", .timeLimit(.minutes(10)))
struct HandOverTests {
    @Test("A filler takes bytes whole or not at all, and asks for room once")
    func fillerOverAnEmptyPool() {
        let calls = Mutex(0)
        let handedOver = Mutex<[ImageChunk]>([])
        let pattern = PatternBytes(size: 20_000)
        var filler = ChunkFiller(size: 4_096, limit: 2) { calls.withLock { $0 += 1 } }
        func append(_ offset: Int64, _ count: Int) -> Bool {
            pattern.bytes(at: offset, limit: count).withUnsafeBytes { bytes in
                filler.append(bytes) { chunk in handedOver.withLock { $0.append(chunk) } }
            }
        }
        #expect(append(0, 9_000))
        #expect(handedOver.withLock { $0.count } == 2)
        #expect(!append(9_000, 1))
        #expect(calls.withLock { $0 } == 0)
        let first = handedOver.withLock { $0.removeFirst() }
        #expect(first.withBytes { pattern.matches($0, at: 0) })
        withExtendedLifetime(first) {}
        _ = consume first
        #expect(calls.withLock { $0 } == 1)
        #expect(append(9_000, 100))
        #expect(filler.finish { chunk in handedOver.withLock { $0.append(chunk) } })
        let rest = handedOver.withLock { $0 }
        #expect(rest.map(\.count) == [4_096, 908])
        #expect(rest[1].withBytes { pattern.matches($0, at: 8_192) })
    }

    @Test("Chunks that a closed transfer dropped are never taken for the end of the body")
    func droppedChunks() async throws {
        let pool = ChunkPool(chunkSize: 4_096, chunkLimit: 2)
        let mailbox = TransferMailbox()
        if let builder = pool.makeBuilder() { mailbox.put(builder.finish()) }
        mailbox.end(.success(()))
        mailbox.markGone()
        await #expect(throws: CancellationError.self) { _ = try await mailbox.nextChunk() }
        let empty = TransferMailbox()
        empty.end(.success(()))
        empty.markGone()
        #expect(try await empty.nextChunk() == nil)
    }

    /// Goal: no interleaving of cancelling and arriving loses a wake-up or leaves a transfer behind.
    /// Method: many transfers, each cancelled at another point of its life; every one must end, one way or the other.
    @Test("Transfers that are cancelled at any moment all end")
    func cancelledAtAnyMoment() async throws {
        let origin = try Origin()
        origin.serve("/image", .pattern(size: 2_000_000))
        let source = try source(for: origin) { $0.chunkLimit = 2 }
        let request = FetchRequest(url: origin.url("/image"), sizeLimit: 1 << 30)
        for round in 0..<100 {
            await withTaskGroup { group in
                group.addTask {
                    try? await source.withSource(request) { source in
                        while try await source.nextChunk() != nil {}
                    }
                }
                for _ in 0..<(round * 7 % 61) { await Task.yield() }
                group.cancelAll()
            }
        }
        #expect(try await source.fetch(origin.url("/image")).count == 2_000_000)
    }
}
