import ImageModel
import ImageUnpacking

/// What came out of a wrapper.
struct Unpacked: Equatable {
    var bytes: [UInt8] = []
    var wrapper: String?
    /// The most chunks of the disk that were full.
    var chunks: [Int] = []
}

extension Unpacker {
    /// Unpacks `packed`, served in chunks of `cut` bytes.
    func unpacked(_ packed: [UInt8], cut: Int = 1 << 16, announced: Int64? = nil) async throws -> Unpacked {
        let served = Served(packed, cut: cut)
        return try await withUnpacking(announced: announced, { served.next() }) { unpacking in
            var unpacked = Unpacked()
            while let chunk = try await unpacking.nextChunk() {
                chunk.withBytes { unpacked.bytes.append(contentsOf: $0) }
                unpacked.chunks.append(chunk.count)
            }
            unpacked.wrapper = unpacking.facts.wrapper
            return unpacked
        }
    }

    /// How many bytes came out before the error, and the error.
    func failure(of packed: [UInt8], cut: Int = 1 << 16, announced: Int64? = nil) async throws -> (Int64, UnpackError?)
    {
        let served = Served(packed, cut: cut)
        return try await withUnpacking(announced: announced, { served.next() }) { unpacking in
            var count: Int64 = 0
            do {
                while let chunk = try await unpacking.nextChunk() { count += Int64(chunk.count) }
                return (count, nil)
            } catch let error as UnpackError {
                return (count, error)
            }
        }
    }
}

/// Bytes in chunks of any length.
final class Served {
    private let bytes: [UInt8]
    private let cut: Int
    private let pool = ChunkPool(chunkSize: 1 << 16, chunkLimit: 4)
    private(set) var position = 0

    init(_ bytes: [UInt8], cut: Int) {
        self.bytes = bytes
        self.cut = min(cut, 1 << 16)
    }

    func next() -> ImageChunk? {
        guard position < bytes.count, var builder = pool.makeBuilder() else { return nil }
        let end = min(bytes.count, position + cut)
        _ = bytes[position..<end].withUnsafeBytes { builder.append($0) }
        position = end
        return builder.finish()
    }
}

/// A disk that packs neither well nor badly.
func sampleDisk(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { place in
        if place % 64 == 0 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
        return place % 3 == 0 ? UInt8(truncatingIfNeeded: state >> UInt64(place % 48)) : 0x41
    }
}
