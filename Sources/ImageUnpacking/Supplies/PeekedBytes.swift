/// A supply whose first bytes can be looked at before they are read.
final class PeekedBytes: ByteSupply {
    private let upstream: any ByteSupply
    private var head: [UInt8] = []

    init(_ upstream: any ByteSupply) {
        self.upstream = upstream
    }

    /// The first bytes, up to `count`; comes before the first read.
    func peek(_ count: Int) throws(Halt) -> [UInt8] {
        let scratch = ScratchBuffer(count)
        let length = try upstream.fill(scratch.bytes)
        head = Array(scratch.bytes[..<length])
        return head
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        guard !head.isEmpty else { return try upstream.read(into: buffer) }
        let length = min(buffer.count, head.count)
        buffer.copyBytes(from: head[..<length])
        head.removeFirst(length)
        return length
    }
}
