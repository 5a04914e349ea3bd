public import ImageModel

/// Image bytes for tests: the same on every run, different for every seed, and of no pattern that a page repeats.
public struct ImageBytes: Sendable {
    /// All bytes.
    public let bytes: [UInt8]

    /// Bytes from a seed.
    public init(_ count: Int, seed: UInt64 = 1) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            withUnsafeBytes(of: state) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        self.bytes = bytes
    }

    /// Just these bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The bytes as chunks, every one but the last full.
    public func chunks(of size: Int = 1 << 16) -> [ImageChunk] {
        let pool = ChunkPool(chunkSize: size, chunkLimit: max(1, (bytes.count + size - 1) / size))
        return stride(from: 0, to: bytes.count, by: size).compactMap { start in
            guard var builder = pool.makeBuilder() else { return nil }
            _ = bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { builder.append($0) }
            return builder.finish()
        }
    }
}
