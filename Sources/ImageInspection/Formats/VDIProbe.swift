import ImageModel

/// VirtualBox disk image, header version 1.1.
struct VDIProbe: FormatProbe {
    private(set) var wanted: Range<Int64>? = 0..<512
    private var virtualSize: Int64?

    mutating func show(_ header: HeaderBytes) throws(InspectionError) {
        wanted = nil
        guard header.starts(with: [0x7F, 0x10, 0xDA, 0xBE], at: 0x40) else { return }
        guard header.count >= 512, let version = header.littleEndian(UInt32.self, at: 0x44),
            let type = header.littleEndian(UInt32.self, at: 0x4C)
        else { throw .malformed("vdi", "it ends after \(header.count) of 512 bytes of header") }
        guard version == 0x0001_0001 else {
            throw .malformed("vdi", "its version is \(version >> 16).\(version & 0xFFFF)")
        }
        guard type != 4 else { throw InspectionError(.differencing, "a vdi that is the difference to a parent") }
        guard type == 1 || type == 2 else { throw .malformed("vdi", "its type is \(type)") }
        virtualSize = try diskSize(header.littleEndian(UInt64.self, at: 0x170), of: "vdi")
    }

    func verdict(size: Int64, tail: HeaderBytes) -> FormatVerdict? {
        virtualSize.map { FormatVerdict(format: .vdi, virtualSize: $0) }
    }
}
