import CArchive

/// A libarchive reader over a supply.
final class ArchiveHandle {
    private let archive: OpaquePointer
    private let input: ArchiveInput

    /// - Parameter prepare: Chooses filters and formats; exactly those, since libarchive would otherwise look for more of
    ///   them inside.
    init(over supply: any ByteSupply, _ prepare: (OpaquePointer) -> CInt) throws(Halt) {
        guard let archive = archive_read_new() else {
            throw .system("no memory for a reader of archives")
        }
        self.archive = archive
        input = ArchiveInput(supply)
        guard prepare(archive) == ARCHIVE_OK else {
            throw .system("libarchive: \(Self.reason(archive))")
        }
        let code = archive_read_open(
            archive, Unmanaged.passUnretained(input).toOpaque(), nil,
            { _, context, block in
                guard let context else { return -1 }
                return Unmanaged<ArchiveInput>.fromOpaque(context).takeUnretainedValue().read(block)
            }, nil)
        guard code == ARCHIVE_OK else { throw halt }
    }

    deinit { archive_read_free(archive) }

    /// How many bytes of the supply were used, which may be fewer than were read.
    var consumed: Int64 { archive_filter_bytes(archive, -1) }

    /// What libarchive calls the kind of archive, or of its last member.
    var formatName: String { archive_format_name(archive).map { String(cString: $0) } ?? "" }

    /// The next member; nil at the end. The entry is good until the next call.
    func nextHeader() throws(Halt) -> OpaquePointer? {
        var entry: OpaquePointer?
        let code = archive_read_next_header(archive, &entry)
        if code == ARCHIVE_EOF { return nil }
        // Warnings are about names and attributes that nobody looks at.
        guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let entry else { throw halt }
        return entry
    }

    /// The next bytes of the member; 0 at its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        let length = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard length >= 0 else { throw halt }
        return length
    }

    /// Why a call failed: first of all because the supply did.
    private var halt: Halt { input.halt ?? .failed(Self.reason(archive)) }

    private static func reason(_ archive: OpaquePointer) -> String {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
        return String(text.prefix(200))
    }
}

/// The blocks that libarchive asks for.
private final class ArchiveInput {
    private let supply: any ByteSupply
    private let buffer = ScratchBuffer(64 << 10)
    /// What ended the supply.
    private(set) var halt: Halt?

    init(_ supply: any ByteSupply) {
        self.supply = supply
    }

    func read(_ block: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        guard halt == nil else { return -1 }
        do throws(Halt) {
            block?.pointee = UnsafeRawPointer(buffer.bytes.baseAddress)
            return try supply.read(into: buffer.bytes)
        } catch {
            halt = error
            return -1
        }
    }
}
