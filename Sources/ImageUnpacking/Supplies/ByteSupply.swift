/// Bytes in order, for whoever asks; used on the thread that unpacks.
protocol ByteSupply: AnyObject {
    /// Fills the beginning of `buffer`, which is not empty, and returns how many bytes that were: 0 at the end only.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int
}

extension ByteSupply {
    /// Fills as much of `buffer` as there is.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        var count = 0
        while count < buffer.count {
            let length = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            guard length > 0 else { break }
            count += length
        }
        return count
    }
}

/// A buffer of fixed size that lives as long as its owner.
final class ScratchBuffer {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ count: Int) {
        bytes = .allocate(byteCount: count, alignment: 16)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }
}
