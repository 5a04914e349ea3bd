import CLZMA

/// What is in an .xz file: any number of streams behind each other, with padding between them (The .xz File Format,
/// section 2), and nothing else.
///
/// liblzma, and not libarchive, because libarchive lets a header demand four gigabytes of memory.
final class XZBytes: ByteSupply {
    private let input: PackedInput
    private let stream: UnsafeMutablePointer<lzma_stream>
    private var isOver = false

    init(_ packed: any ByteSupply) throws(Halt) {
        input = PackedInput(packed)
        stream = .allocate(capacity: 1)
        stream.initialize(to: lzma_stream())
        guard clzma_begin_xz(stream, UnpackLimits.memory) == LZMA_OK else { throw .system("liblzma does not begin") }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        while !isOver {
            let packed = try input.bytes()
            stream.pointee.next_in = packed.baseAddress.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) }
            stream.pointee.avail_in = packed.count
            stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = buffer.count
            let code = lzma_code(stream, packed.isEmpty ? LZMA_FINISH : LZMA_RUN)
            input.take(packed.count - stream.pointee.avail_in)
            isOver = code == LZMA_STREAM_END
            if code != LZMA_OK, code != LZMA_STREAM_END { throw halt(code) }
            let length = buffer.count - stream.pointee.avail_out
            if length > 0 { return length }
        }
        return 0
    }

    private func halt(_ code: lzma_ret) -> Halt {
        switch code {
        case LZMA_MEMLIMIT_ERROR:
            .limit("the xz data want \(lzma_memusage(stream)) bytes of memory, \(UnpackLimits.memory) are allowed")
        case LZMA_BUF_ERROR: .failed("the xz data end in the middle")
        case LZMA_FORMAT_ERROR: .failed("something that is not xz follows the xz data")
        case LZMA_OPTIONS_ERROR: .failed("the xz data use a filter or an option that liblzma does not know")
        case LZMA_MEM_ERROR: .system("no memory to unpack xz data")
        default: .failed("the xz data are damaged")
        }
    }
}
