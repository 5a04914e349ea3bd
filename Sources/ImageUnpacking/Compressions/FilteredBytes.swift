import CArchive

/// What is in zstd, bzip2 or lz4 data: any number of them behind each other, and nothing else.
final class FilteredBytes: ByteSupply {
    private let archive: ArchiveHandle
    private let packed: WatchedBytes
    private let compression: Compression
    private var isOver = false

    init(_ packed: any ByteSupply, _ compression: Compression) throws(Halt) {
        let watched = WatchedBytes(packed)
        self.packed = watched
        self.compression = compression
        archive = try ArchiveHandle(over: watched) { archive in
            // Named, and not looked for: a compression in a compression would be undone as well.
            let code = archive_read_append_filter(archive, Self.code(compression))
            return code == ARCHIVE_OK ? archive_read_support_format_raw(archive) : code
        }
        guard try archive.nextHeader() != nil else { throw .failed("there is nothing in the \(compression) data") }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        guard !isOver else { return 0 }
        let length = try archive.read(into: buffer)
        if length == 0 {
            isOver = true
            try packed.drain()
            guard archive.consumed == packed.count else {
                throw .failed("something that is not \(compression) follows the \(compression) data")
            }
        }
        return length
    }

    private static func code(_ compression: Compression) -> CInt {
        switch compression {
        case .gzip: ARCHIVE_FILTER_GZIP
        case .xz: ARCHIVE_FILTER_XZ
        case .zstd: ARCHIVE_FILTER_ZSTD
        case .bzip2: ARCHIVE_FILTER_BZIP2
        case .lz4: ARCHIVE_FILTER_LZ4
        }
    }
}
