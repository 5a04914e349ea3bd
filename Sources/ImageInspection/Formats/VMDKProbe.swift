import ImageModel

/// VMware sparse extent (VMware Virtual Disk Format 5.0, "Hosted Sparse Extents"), stream-optimised ones included.
struct VMDKProbe: FormatProbe {
    private(set) var wanted: Range<Int64>? = 0..<512
    private var virtualSize: Int64?

    mutating func show(_ header: HeaderBytes) throws(InspectionError) {
        wanted = nil
        if header.starts(with: "# Disk DescriptorFile") {
            throw InspectionError(.externalData, "a vmdk descriptor whose extents are other files")
        }
        guard header.starts(with: "KDMV") else { return }
        guard header.count >= 512, let version = header.littleEndian(UInt32.self, at: 4) else {
            throw .malformed("vmdk", "it ends after \(header.count) of 512 bytes of header")
        }
        guard (1...3).contains(version) else { throw .malformed("vmdk", "its version is \(version)") }
        // The four bytes that a transfer in text mode would have changed.
        guard header.starts(with: [0x0A, 0x20, 0x0D, 0x0A], at: 73) else {
            throw .malformed("vmdk", "its line ends were converted on the way")
        }
        virtualSize = try diskSize(header.littleEndian(UInt64.self, at: 12), unit: 512, of: "vmdk")
    }

    func verdict(size: Int64, tail: HeaderBytes) -> FormatVerdict? {
        virtualSize.map { FormatVerdict(format: .vmdk, virtualSize: $0) }
    }
}
