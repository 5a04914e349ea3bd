import ImageInspection

/// The outermost layer of a packed stream, as far as it can be unpacked.
enum Packing: Hashable {
    case compression(Compression)
    case archive(ArchiveFormat)

    /// How many bytes tell: a header of a tape archive.
    static let headLength = 512

    /// The packing of a stream that begins with `head`, which is shorter than ``headLength`` only when the stream is.
    init?(startingWith head: [UInt8]) {
        switch head.withUnsafeBytes({ Wrapper(startingWith: $0) }) {
        case .gzip: self = .compression(.gzip)
        case .xz: self = .compression(.xz)
        case .zstd: self = .compression(.zstd)
        case .bzip2: self = .compression(.bzip2)
        case .lz4: self = .compression(.lz4)
        case .zip: self = .archive(.zip)
        case .lha: return nil
        case nil:
            guard Self.isTapeHeader(head) else { return nil }
            self = .archive(.tar)
        }
    }

    /// Whether the checksum of a tape archive's first header is right (POSIX.1-2024, pax): the sum of all bytes, those of
    /// the field itself taken as blanks.
    private static func isTapeHeader(_ head: [UInt8]) -> Bool {
        guard head.count == headLength, head[0] != 0 else { return false }
        let digits = head[148..<156].drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        guard !digits.isEmpty else { return false }
        let expected = digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }
        return expected == head.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 0x20 : Int(head[$1])) }
    }
}

/// A compression of one stream.
enum Compression: String {
    case gzip, xz, zstd, bzip2, lz4

    /// What comes out of `packed`.
    func open(_ packed: any ByteSupply) throws(Halt) -> any ByteSupply {
        switch self {
        case .gzip: try GzipBytes(packed)
        case .xz: try XZBytes(packed)
        case .zstd, .bzip2, .lz4: try FilteredBytes(packed, self)
        }
    }
}

/// An archive of several members.
enum ArchiveFormat: String {
    case tar, zip
}
