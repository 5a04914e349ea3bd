import ImageModel
import ImageUnpacking
import PackedImages
import Testing

/// Every test here ends only if the thread did: `withUnpacking` waits for it.
@Suite("How an unpacking ends", .timeLimit(.minutes(20)))
struct EndingTests {
    private struct Trouble: Error {}

    @Test("Who wants no more bytes may leave, however many there would be", arguments: [0, 1, 3])
    func early(chunks: Int) async throws {
        let packed = Packer.compress(sampleDisk(1 << 20), .gzip)
        let served = Served(packed, cut: 1 << 14)
        let count = try await Unpacker(chunkSize: 4_096).withUnpacking(announced: nil, { served.next() }) { unpacking in
            var count = 0
            for _ in 0..<chunks { count += try await unpacking.nextChunk()?.count ?? 0 }
            return count
        }
        #expect(count == chunks * 4_096)
        #expect(served.position < packed.count)
    }

    @Test("What fetching throws comes out where the bytes would")
    func sourceFails() async throws {
        let served = Served(Packer.compress(sampleDisk(200_000), .gzip), cut: 1_000)
        await #expect(throws: Trouble.self) {
            try await Unpacker().withUnpacking(
                announced: nil, { if served.position > 20_000 { throw Trouble() } else { served.next() } }
            ) { unpacking in
                while try await unpacking.nextChunk() != nil {}
            }
        }
    }

    @Test("A cancelled task ends while its source stalls, and while it only waits for the thread")
    func cancelled() async throws {
        let packed = Packer.compress(zeros: 256 << 20, .zstd)
        for stalls in [true, false] {
            let (starts, start) = AsyncStream.makeStream(of: Void.self)
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    let served = Served(packed, cut: 1 << 16)
                    do {
                        try await Unpacker(limits: UnpackLimits(ratio: 1_000_000)).withUnpacking(
                            announced: nil,
                            {
                                start.yield()
                                if stalls { try await Task.sleep(for: .seconds(3_600)) }
                                return served.next()
                            }
                        ) { unpacking in
                            while try await unpacking.nextChunk() != nil {}
                        }
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
                for await _ in starts { break }
                group.cancelAll()
                #expect(await group.next() == true)
            }
        }
    }
}
