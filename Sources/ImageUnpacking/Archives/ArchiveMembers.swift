import CArchive

/// The files of an archive, one after the other. Their names are compared and shown, and never become paths.
final class ArchiveMembers {
    /// A regular file.
    struct File {
        /// As written; empty when it is in no known encoding.
        let name: String
    }

    private let format: ArchiveFormat
    private let bytes: WatchedBytes
    private let archive: ArchiveHandle
    private var count = 0
    /// Where the last file ended.
    private var boundary: Int64 = 0
    /// The length of the file, and how much of it was read.
    private var size: Int64 = 0
    private var position: Int64 = 0
    private var isInLastHole = false

    init(_ format: ArchiveFormat, in packed: any ByteSupply) throws(Halt) {
        self.format = format
        let bytes = WatchedBytes(packed, tailLength: format == .zip ? ZipEnd.longest : 0)
        bytes.allowance = UnpackLimits.headerBytes
        self.bytes = bytes
        archive = try ArchiveHandle(over: bytes) { archive in
            switch format {
            case .tar: archive_read_support_format_tar(archive)
            // The other reader of zips wants to seek.
            case .zip: archive_read_support_format_zip_streamable(archive)
            }
        }
    }

    /// The next file, once the one before was read to its end; nil at the end of the archive.
    func next() throws(Halt) -> File? {
        while true {
            boundary = archive.consumed
            // Of a header all is kept in memory, the map of a sparse file included.
            bytes.allowance = UnpackLimits.headerBytes
            defer { bytes.allowance = nil }
            guard let entry = try archive.nextHeader() else { return nil }
            count += 1
            guard count <= UnpackLimits.members else {
                throw .limit("the \(format) archive has more than \(UnpackLimits.members) members")
            }
            if let file = try file(of: entry) { return file }
        }
    }

    /// Nil for a directory.
    private func file(of entry: OpaquePointer) throws(Halt) -> File? {
        let name = (archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)).map { String(cString: $0) }
        let shown = (name ?? "").prefix(100)
        let parts = (name ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first != "" || parts.count < 2, !parts.contains(".."), name?.contains("\\") != true else {
            throw .unsafe("the \(format) archive has a member whose name leads elsewhere: \(shown)")
        }
        let type = UInt32(archive_entry_filetype(entry))
        if type == carchive_directory { return nil }
        guard type == carchive_regular_file, archive_entry_hardlink(entry) == nil else {
            throw .unsafe("the \(format) archive has a member that is no regular file: \(shown)")
        }
        guard archive_entry_is_encrypted(entry) == 0 else { throw .failed("the \(format) archive is encrypted") }
        if format == .zip { try checkMethod() }
        isInLastHole = false
        (size, position) = (archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0, 0)
        return File(name: name ?? "")
    }

    /// The other methods of zips may demand any amount of memory. libarchive writes the method behind the version.
    private func checkMethod() throws(Halt) {
        let name = archive.formatName
        guard ["uncompressed", "deflation", "bzip", "zstd"].contains(where: { name.hasSuffix("(\($0))") }) else {
            throw .failed("the zip archive uses a method that is not unpacked: \(name)")
        }
    }

    /// The next bytes of the file; 0 at its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        var length = isInLastHole ? 0 : try archive.read(into: buffer)
        isInLastHole = length == 0
        if length == 0, format == .tar, position < size {
            // The rest of a sparse file is a hole; libarchive ends with the last data.
            length = Int(min(Int64(buffer.count), size - position))
            buffer[..<length].initializeMemory(as: UInt8.self, repeating: 0)
        }
        position += Int64(length)
        return length
    }

    /// Makes sure that the archive was whole and that nothing follows it; comes after the last file.
    func finish() throws(Halt) {
        let end = archive.consumed
        try bytes.drain()
        switch format {
        case .tar:
            // Two blocks of zeros end it, and any number of them may follow (POSIX.1-2024, pax).
            guard bytes.count - boundary >= 1_024 else { throw .failed("the tar archive ends in the middle") }
            guard bytes.countToLastNonZero <= max(end, boundary + 511) else {
                throw .failed("something follows the end of the tar archive")
            }
        case .zip:
            guard let found = ZipEnd(in: bytes.tail), found.entries == count, found.directory == end,
                found.length <= ZipEnd.longest, end + Int64(found.length) + Int64(found.rest) == bytes.count
            else {
                throw .failed("the zip archive does not end with a directory of what is in it")
            }
        }
    }
}
