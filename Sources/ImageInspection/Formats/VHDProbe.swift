import ImageModel

/// Microsoft Virtual PC: a dynamic disk begins with a copy of its footer, a fixed one only ends with it
/// (Virtual Hard Disk Image Format Specification 1.0).
struct VHDProbe: FormatProbe {
    private(set) var wanted: Range<Int64>? = 0..<512
    private var dynamicSize: Int64?

    mutating func show(_ header: HeaderBytes) throws(InspectionError) {
        wanted = nil
        guard header.starts(with: "conectix") else { return }
        let footer = try Footer(header)
        guard footer.type == 3 else { throw .malformed("vhd", "it begins with a footer of type \(footer.type)") }
        dynamicSize = footer.currentSize
    }

    func verdict(size: Int64, tail: HeaderBytes) throws(InspectionError) -> FormatVerdict? {
        if let dynamicSize { return FormatVerdict(format: .vhd, virtualSize: dynamicSize) }
        guard tail.starts(with: "conectix") else { return nil }
        let footer = try Footer(tail)
        guard footer.type == 2 else { throw .malformed("vhd", "it ends with a footer of type \(footer.type)") }
        guard footer.currentSize == size - 512 else {
            throw .malformed("vhd", "its footer speaks of \(footer.currentSize) bytes and \(size - 512) come before it")
        }
        return FormatVerdict(format: .vhd, virtualSize: footer.currentSize)
    }

    private struct Footer {
        let currentSize: Int64
        let type: UInt32

        init(_ footer: HeaderBytes) throws(InspectionError) {
            guard footer.count >= 512, let type = footer.bigEndian(UInt32.self, at: 60),
                let checksum = footer.bigEndian(UInt32.self, at: 64)
            else { throw .malformed("vhd", "it ends after \(footer.count) of 512 bytes of footer") }
            let field = 64..<68
            let sum = footer.bytes.indices.lazy.filter { !field.contains($0) }
                .reduce(UInt32(0)) { $0 &+ UInt32(footer.bytes[$1]) }
            guard ~sum == checksum else {
                throw .malformed("vhd", "its footer's checksum is \(checksum) and not \(~sum)")
            }
            guard type != 4 else { throw InspectionError(.differencing, "a vhd that is the difference to a parent") }
            self.type = type
            currentSize = try diskSize(footer.bigEndian(UInt64.self, at: 48), of: "vhd")
        }
    }
}
