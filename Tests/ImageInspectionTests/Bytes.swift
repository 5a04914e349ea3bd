import ImageModel

/// The chunks of a stream that was cut every `size` bytes, made one at a time.
func forEachChunk(
    of bytes: [UInt8], size: Int, _ body: (ImageChunk) async throws -> Void
) async throws {
    let pool = ChunkPool(chunkSize: (size + 4_095) / 4_096 * 4_096, chunkLimit: 8)
    for start in stride(from: 0, to: bytes.count, by: size) {
        var builder = pool.makeBuilder()
        while builder == nil {
            await Task.yield()
            builder = pool.makeBuilder()
        }
        let part = bytes[start..<min(start + size, bytes.count)]
        _ = part.withUnsafeBytes { builder?.append($0) }
        if let chunk = builder.take()?.finish() { try await body(chunk) }
    }
}

/// Bytes that look like anything, the same on every run.
func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}
