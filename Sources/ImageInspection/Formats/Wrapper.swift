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
    /// The method of the first member, `-lh0-` to `-lhd-` or `-lz4-`, behind the two bytes that begin its header.
    case lha

    /// The wrapper that a stream which begins with `bytes` is in; nil when there is none.
    public init?(startingWith bytes: UnsafeRawBufferPointer) {
        let head = Array(bytes.prefix(7))
        let known = Self.allCases.first { wrapper in
            switch wrapper {
            case .bzip2: head.starts(with: Array("BZh".utf8)) && head.count > 3 && (0x31...0x39).contains(head[3])
            case .lha:
                head.count == 7 && head[2] == 0x2D && head[3] == 0x6C && [0x68, 0x7A].contains(head[4])
                    && head[6] == 0x2D
            default: head.starts(with: wrapper.magic)
            }
        }
        guard let known else { return nil }
        self = known
    }

    /// What inspection calls it.
    var format: DetectedFormat {
        switch self {
        case .gzip: .gzip
        case .xz: .xz
        case .zstd: .zstd
        case .bzip2: .bzip2
        case .lz4: .lz4
        case .zip: .zip
        case .lha: .lha
        }
    }

    /// The first bytes, where they are always the same.
    private var magic: [UInt8] {
        switch self {
        case .gzip: [0x1F, 0x8B, 0x08]
        case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
        case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
        case .lz4: [0x04, 0x22, 0x4D, 0x18]
        case .zip: [0x50, 0x4B, 0x03, 0x04]
        case .bzip2, .lha: []
        }
    }
}
