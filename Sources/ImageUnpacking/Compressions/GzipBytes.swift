import CZlib

/// What is in a gzip file: any number of members behind each other (RFC 1952, section 2.2), and nothing else.
///
/// zlib, and not libarchive, because zlib compares the checksum and the length at the end of each member.
final class GzipBytes: ByteSupply {
    private let input: PackedInput
    private let stream: UnsafeMutablePointer<z_stream>
    private var isBetweenMembers = false
    private var isOver = false

    init(_ packed: any ByteSupply) throws(Halt) {
        input = PackedInput(packed)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard czlib_begin_gzip(stream) == Z_OK else { throw .system("zlib does not begin") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        while !isOver {
            let packed = try input.bytes()
            if isBetweenMembers {
                guard !packed.isEmpty else { break }
                try beginMember(packed)
            }
            guard !packed.isEmpty else { throw .failed("the gzip data end in the middle") }
            stream.pointee.next_in = packed.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(packed.count)
            stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(buffer.count)
            let code = inflate(stream, Z_NO_FLUSH)
            input.take(packed.count - Int(stream.pointee.avail_in))
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
                throw .failed("the gzip data are damaged: \(message)")
            }
            isBetweenMembers = code == Z_STREAM_END
            let length = buffer.count - Int(stream.pointee.avail_out)
            if length > 0 { return length }
        }
        isOver = true
        return 0
    }

    private func beginMember(_ packed: UnsafeMutableRawBufferPointer) throws(Halt) {
        // One byte may be all there is yet: the second is judged by zlib.
        guard packed.first == 0x1F else { throw .failed("something that is not gzip follows the gzip data") }
        inflateReset(stream)
        isBetweenMembers = false
    }

    private var message: String { stream.pointee.msg.map { String(cString: $0) } ?? "no reason given" }
}
