import CArchive

/// Packs bytes for tests, with libarchive's writers.
public enum Packer {
    /// A compression.
    public enum Compression: String, Sendable, CaseIterable {
        case gzip, xz, zstd, bzip2, lz4
    }

    /// An archive, by who writes such ones.
    public enum Archive: String, Sendable, CaseIterable {
        case ustar, gnutar, pax, zip
    }

    /// A member of an archive.
    public struct Member: Sendable {
        /// As it is written.
        public var name: String
        /// What is in it.
        public var bytes: [UInt8]
        /// What it is.
        public var kind: Kind

        /// What a member is.
        public enum Kind: Sendable {
            case file, directory
            case symbolicLink(String)
            case hardLink(String)
        }

        /// A member from its parts; an empty file unless told otherwise.
        public init(_ name: String, _ bytes: [UInt8] = [], kind: Kind = .file) {
            self.name = name
            self.bytes = bytes
            self.kind = kind
        }
    }

    /// `bytes`, compressed.
    public static func compress(_ bytes: [UInt8], _ compression: Compression) -> [UInt8] {
        let writer = Writer {
            archive_write_set_format_raw($0)
        } filter: {
            add(compression, to: $0)
        }
        writer.begin(Member("data", []), size: nil)
        writer.write(bytes)
        return writer.finish()
    }

    /// As many zeros as `count` says, compressed; needs no memory for them.
    public static func compress(zeros count: Int, _ compression: Compression) -> [UInt8] {
        let writer = Writer {
            archive_write_set_format_raw($0)
        } filter: {
            add(compression, to: $0)
        }
        writer.begin(Member("data", []), size: nil)
        writer.write(zeros: count)
        return writer.finish()
    }

    /// An archive of `members`, compressed when asked for.
    public static func archive(
        _ members: [Member], as archive: Archive, _ compression: Compression? = nil, options: String? = nil
    ) -> [UInt8] {
        let writer = Writer {
            set(archive, of: $0)
            if let options { archive_write_set_options($0, options) }
        } filter: {
            if let compression { add(compression, to: $0) }
        }
        for member in members {
            writer.begin(member, size: member.bytes.count)
            writer.write(member.bytes)
        }
        return writer.finish()
    }

    /// An archive of one member of `count` zeros.
    public static func archive(zeros count: Int, as archive: Archive, _ compression: Compression? = nil) -> [UInt8] {
        let writer = Writer {
            set(archive, of: $0)
        } filter: {
            if let compression { add(compression, to: $0) }
        }
        writer.begin(Member("disk.raw"), size: count)
        writer.write(zeros: count)
        return writer.finish()
    }

    private static func set(_ archive: Archive, of writer: OpaquePointer) {
        switch archive {
        case .ustar: archive_write_set_format_ustar(writer)
        case .gnutar: archive_write_set_format_gnutar(writer)
        case .pax: archive_write_set_format_pax(writer)
        case .zip: archive_write_set_format_zip(writer)
        }
    }

    private static func add(_ compression: Compression, to writer: OpaquePointer) {
        switch compression {
        case .gzip: archive_write_add_filter_gzip(writer)
        case .xz:
            archive_write_add_filter_xz(writer)
            archive_write_set_options(writer, "xz:compression-level=1")
        case .zstd: archive_write_add_filter_zstd(writer)
        case .bzip2: archive_write_add_filter_bzip2(writer)
        case .lz4: archive_write_add_filter_lz4(writer)
        }
    }
}

/// A libarchive writer into memory.
private final class Writer {
    private let archive: OpaquePointer
    private let output = Output()

    private final class Output {
        var bytes: [UInt8] = []
    }

    init(format: (OpaquePointer) -> Void, filter: (OpaquePointer) -> Void) {
        guard let archive = archive_write_new() else { preconditionFailure("no memory for a writer of archives") }
        self.archive = archive
        format(archive)
        filter(archive)
        archive_write_set_bytes_per_block(archive, 0)
        let code = archive_write_open(
            archive, Unmanaged.passUnretained(output).toOpaque(), nil,
            { _, context, block, count in
                guard let context, let block else { return -1 }
                let output = Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
                output.bytes.append(contentsOf: UnsafeRawBufferPointer(start: block, count: count))
                return count
            }, nil)
        precondition(code == ARCHIVE_OK, archive_error_string(archive).map { String(cString: $0) } ?? "")
    }

    deinit { archive_write_free(archive) }

    func begin(_ member: Packer.Member, size: Int?) {
        guard let entry = archive_entry_new() else { preconditionFailure("no memory for a member") }
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, member.name)
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_filetype(entry, carchive_regular_file)
        if let size { archive_entry_set_size(entry, Int64(size)) }
        switch member.kind {
        case .file: break
        case .directory: archive_entry_set_filetype(entry, carchive_directory)
        case .symbolicLink(let target):
            archive_entry_set_filetype(entry, carchive_symbolic_link)
            archive_entry_set_symlink(entry, target)
        case .hardLink(let target): archive_entry_set_hardlink(entry, target)
        }
        let code = archive_write_header(archive, entry)
        precondition(code == ARCHIVE_OK, archive_error_string(archive).map { String(cString: $0) } ?? "")
    }

    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
            precondition(count > 0)
            rest = rest.dropFirst(count)
        }
    }

    func write(zeros count: Int) {
        let block = [UInt8](repeating: 0, count: 1 << 20)
        var left = count
        while left > 0 {
            write(left >= block.count ? block : Array(block[..<left]))
            left -= block.count
        }
    }

    func finish() -> [UInt8] {
        precondition(archive_write_close(archive) == ARCHIVE_OK)
        return output.bytes
    }
}
