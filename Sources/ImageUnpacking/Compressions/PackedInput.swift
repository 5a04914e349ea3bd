/// Packed bytes in a buffer of their own, for decompressors that take what they can of it.
final class PackedInput {
    private let supply: any ByteSupply
    private let buffer = ScratchBuffer(128 << 10)
    private var next = 0
    private var end = 0
    /// Whether nothing comes behind what is in the buffer.
    private(set) var isOver = false

    init(_ supply: any ByteSupply) {
        self.supply = supply
    }

    /// What is in the buffer and was not taken; empty at the end only.
    func bytes() throws(Halt) -> UnsafeMutableRawBufferPointer {
        if next == end, !isOver {
            next = 0
            end = try supply.read(into: buffer.bytes)
            isOver = end == 0
        }
        return UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[next..<end])
    }

    func take(_ count: Int) {
        next += count
    }
}
