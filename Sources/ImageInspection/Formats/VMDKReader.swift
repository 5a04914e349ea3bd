import ImageModel

/// VMware sparse extent with its descriptor inside, stream-optimised or not; whatever consists of other files is
/// recognised and refused (VMware Virtual Disk Format 5.0).
struct VMDKReader: FormatReader {
    let formats: [DetectedFormat] = [.vmdk]
    /// Mostly for the descriptor, which may be 1 MiB long.
    let budget = (1 << 20) + (8 << 10)

    func read(_ image: SeenBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let start = try image.bytes(at: 0, count: 2_048)
        guard start.starts(with: "KDMV") else {
            guard VMDKDescriptor.begins(start.bytes) else { return }
            sheet.claim(.vmdk)
            sheet.note(.foreignExtent, at: 0, "a descriptor alone: its extents are other files")
            return
        }
        sheet.claim(.vmdk)
        let header = try SparseHeader(start, &sheet)
        let descriptor = try readDescriptor(image, header, &sheet)
        descriptor.check(header, &sheet)
        if header.hasFooter { try readFooter(image, start, &sheet) }
    }

    private func readDescriptor(
        _ image: SeenBytes, _ header: SparseHeader, _ sheet: inout FormatSheet
    ) throws(Halt) -> VMDKDescriptor {
        guard header.descriptorSector != 0 else {
            sheet.note(.foreignExtent, at: 28, "an extent without descriptor, which is a part of another image")
            throw .damaged(at: 28, "a vmdk without descriptor")
        }
        guard header.descriptorSector == 1 else {
            throw .damaged(at: 28, "a vmdk with its descriptor in sector \(header.descriptorSector)")
        }
        guard (1...Self.descriptorSectorsMax).contains(header.descriptorSectors) else {
            sheet.note(.absurdSize, at: 36, "a descriptor of \(header.descriptorSectors) sectors")
            throw .damaged(at: 36, "a vmdk whose descriptor cannot be read")
        }
        let bytes = try image.bytes(at: 512, count: Int(header.descriptorSectors) * 512)
        guard bytes.count == Int(header.descriptorSectors) * 512 else {
            throw .damaged(at: bytes.place(bytes.count), "a vmdk that ends in its descriptor")
        }
        return VMDKDescriptor(bytes)
    }

    /// Behind the data of a stream-optimised image: a marker, the header with the place of the tables, an end marker.
    private func readFooter(_ image: SeenBytes, _ header: HeaderBytes, _ sheet: inout FormatSheet) throws(Halt) {
        let last = try image.last(1_536)
        guard last.count == 1_536, try last.littleEndian(UInt32.self, at: 8) == 0,
            try last.littleEndian(UInt32.self, at: 12) == 3, try last.slice(1_024, 512).isZero
        else { throw .damaged(at: last.start, "a vmdk that does not end with its footer") }
        // All but where the tables are, which is what a footer is for.
        let (said, repeated) = (try header.slice(0, 48), try last.slice(512, 48))
        if !repeated.elementsEqual(said) {
            sheet.note(.contradiction, at: last.place(512), "the footer differs from the header")
        }
        guard try last.littleEndian(UInt64.self, at: 568) != .max else {
            throw .damaged(at: last.place(568), "a vmdk whose footer does not say where its tables are")
        }
    }

    private static let descriptorSectorsMax: UInt64 = (1 << 20) / 512 - 1

    /// What the header of a sparse extent says.
    struct SparseHeader {
        let capacity: UInt64
        let grain: UInt64
        let descriptorSector: UInt64
        let descriptorSectors: UInt64
        let hasFooter: Bool

        init(_ header: HeaderBytes, _ sheet: inout FormatSheet) throws(Halt) {
            let version: UInt32 = try header.littleEndian(at: 4)
            _ = try header.slice(0, 512)
            guard (1...3).contains(version) else { throw .damaged(at: 4, "a vmdk of version \(version)") }
            // The four bytes that a transfer in text mode would have changed.
            guard header.starts(with: [0x0A, 0x20, 0x0D, 0x0A], at: 73) else {
                throw .damaged(at: 73, "a vmdk whose line ends were converted on the way")
            }
            capacity = try header.littleEndian(at: 12)
            grain = try header.littleEndian(at: 20)
            descriptorSector = try header.littleEndian(at: 28)
            descriptorSectors = try header.littleEndian(at: 36)
            hasFooter = try header.littleEndian(UInt64.self, at: 56) == .max
            sheet.virtualSize = sheet.checkedSize(capacity, unit: 512, at: 12)
            let entries: UInt32 = try header.littleEndian(at: 44)
            guard grain > 0, grain <= Self.grainMax, grain.nonzeroBitCount == 1, (1...512).contains(entries) else {
                throw .damaged(at: 20, "a vmdk with grains of \(grain) sectors and tables of \(entries) entries")
            }
            sheet.blockSize = Int64(grain) * 512
            if try header.slice(72, 1).first != 0 { sheet.note(.unclean, at: 72, "it was not shut down cleanly") }
        }

        /// 64 MiB.
        private static let grainMax: UInt64 = 1 << 17
    }
}
