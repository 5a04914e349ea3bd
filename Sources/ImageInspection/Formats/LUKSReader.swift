import ImageModel

/// Linux Unified Key Setup, versions 1 and 2 (LUKS On-Disk Format Specification 1.2.3; LUKS2 1.1.3).
struct LUKSReader: FormatReader {
    let formats: [DetectedFormat] = [.luks]

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let header = try image.bytes(at: 0, count: 208)
        guard header.starts(with: [0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE]) else { return }
        sheet.claim(.luks)
        let version: UInt16 = try header.bigEndian(at: 6)
        guard version == 1 || version == 2 else { throw .damaged(at: 6, "LUKS of version \(version)") }
        sheet.encryption = version == 1 ? .luks : .luks2
        sheet.note(.encrypted, at: 0, "encrypted with LUKS \(version); its content was not inspected")
        guard version == 1 else { return }
        let payload = Int64(try header.bigEndian(UInt32.self, at: 104)) * 512
        let size = try image.size
        guard payload <= size else { throw .damaged(at: 104, "LUKS with its payload at \(payload) of \(size) bytes") }
        sheet.virtualSize = size - payload
    }
}
