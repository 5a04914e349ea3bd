import ImageModel

/// What the source serves, as the task hands it over.
final class ServedBytes: ByteSupply {
    private let desk: UnpackingDesk
    private let meter: UnpackMeter
    private var chunk: ImageChunk?
    private var taken = 0

    init(_ desk: UnpackingDesk, _ meter: UnpackMeter) {
        self.desk = desk
        self.meter = meter
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        while true {
            if let chunk, taken < chunk.count {
                let length = min(buffer.count, chunk.count - taken)
                chunk.withBytes {
                    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<(taken + length)]))
                }
                taken += length
                try meter.take(length)
                return length
            }
            // Goes back to its pool before the next is asked for.
            chunk = nil
            guard let next = try desk.takeInput() else { return 0 }
            (chunk, taken) = (next, 0)
        }
    }
}
