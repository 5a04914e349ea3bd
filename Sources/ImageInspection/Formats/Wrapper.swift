/// A compression or archive around an image, known by the first bytes of the stream.
public enum Wrapper: String, Sendable, CaseIterable {
    /// RFC 1952: identification bytes and the only defined method, deflate.
    case gzip
    /// The .xz file format, section 2.1.1.1.
    case xz
    /// RFC 8878, section 3.1.1.
    case zstd
    /// `BZh` and the block size from 1 to 9.
    case bzip2
    /// LZ4 frame format, magic number.
    case lz4
    /// A local file header of the ZIP format (APPNOTE 4.3.7).
    case zip

    /// The wrapper that a stream which begins with `bytes` is in; nil when there is none.
    public init?(startingWith bytes: UnsafeRawBufferPointer) {
        let head = Array(bytes.prefix(6))
        let isBZip2 = head.starts(with: Array("BZh".utf8)) && head.count > 3 && (0x31...0x39).contains(head[3])
        let known = Self.allCases.first { wrapper in wrapper.magic.map { head.starts(with: $0) } ?? isBZip2 }
        guard let known else { return nil }
        self = known
    }

    /// The first bytes; nil where they are not always the same.
    private var magic: [UInt8]? {
        switch self {
        case .gzip: [0x1F, 0x8B, 0x08]
        case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
        case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
        case .bzip2: nil
        case .lz4: [0x04, 0x22, 0x4D, 0x18]
        case .zip: [0x50, 0x4B, 0x03, 0x04]
        }
    }
}
