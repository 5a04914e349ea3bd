/// The last bytes of a stream that goes by.
struct RollingTail: Sendable {
    private var ring: [UInt8] = []
    /// Where in the ring the oldest byte lies once the ring is full.
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { ring.count }

    /// The bytes in their order.
    var bytes: [UInt8] { Array(ring[oldest...] + ring[..<oldest]) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count < capacity else {
            ring = Array(bytes.suffix(capacity))
            oldest = 0
            return
        }
        let fresh = min(capacity - ring.count, bytes.count)
        ring.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<fresh]))
        for byte in bytes[fresh...] {
            ring[oldest] = byte
            oldest = oldest == capacity - 1 ? 0 : oldest + 1
        }
    }

    mutating func removeAll() {
        ring.removeAll(keepingCapacity: true)
        oldest = 0
    }
}
