import ImageModel

/// QEMU copy-on-write, versions 2 and 3 (QEMU, docs/interop/qcow2.txt).
struct QCOW2Probe: FormatProbe {
    private(set) var wanted: Range<Int64>? = 0..<112
    private var virtualSize: Int64?

    mutating func show(_ header: HeaderBytes) throws(InspectionError) {
        wanted = nil
        guard header.starts(with: [0x51, 0x46, 0x49, 0xFB]) else { return }
        guard let version = header.bigEndian(UInt32.self, at: 4) else {
            throw .malformed("qcow2", "it ends after \(header.count) bytes")
        }
        guard version == 2 || version == 3 else { throw .malformed("qcow2", "its version is \(version)") }
        let length = version == 2 ? 72 : 104
        guard header.count >= length else {
            throw .malformed("qcow2", "it ends after \(header.count) of \(length) bytes of header")
        }
        try checkGeometry(header)
        try refuseOtherFiles(header, version: version)
        virtualSize = try diskSize(header.bigEndian(UInt64.self, at: 24), of: "qcow2")
    }

    func verdict(size: Int64, tail: HeaderBytes) -> FormatVerdict? {
        virtualSize.map { FormatVerdict(format: .qcow2, virtualSize: $0) }
    }

    private func checkGeometry(_ header: HeaderBytes) throws(InspectionError) {
        let clusterBits = header.bigEndian(UInt32.self, at: 20) ?? 0
        guard (9...21).contains(clusterBits) else {
            throw .malformed("qcow2", "its cluster size is 2^\(clusterBits) bytes")
        }
    }

    private func refuseOtherFiles(_ header: HeaderBytes, version: UInt32) throws(InspectionError) {
        let backingOffset = header.bigEndian(UInt64.self, at: 8) ?? 0
        guard backingOffset == 0 else {
            throw InspectionError(.backingFile, "the qcow2 header names a backing file at offset \(backingOffset)")
        }
        guard version == 3 else { return }
        let incompatible = header.bigEndian(UInt64.self, at: 72) ?? 0
        guard incompatible & 1 << 2 == 0 else {
            throw InspectionError(
                .externalData, "the qcow2 header says that its data lies in another file (features \(incompatible))")
        }
    }
}
