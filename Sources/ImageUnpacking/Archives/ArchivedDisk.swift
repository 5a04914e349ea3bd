/// The one disk in an archive: its only file, or in an OVA the one that the descriptor says is the disk.
final class ArchivedDisk: ByteSupply {
    private let members: ArchiveMembers
    private let meter: UnpackMeter
    private let format: ArchiveFormat
    /// In an OVA, what its descriptor says.
    private var descriptor: OVFDescriptor?
    private var disk: OVFDescriptor.File?
    private var count: Int64 = 0
    private var skipped: Int64 = 0
    private var isOver = false

    init(
        _ format: ArchiveFormat, in packed: any ByteSupply, inside compression: Compression?, _ meter: UnpackMeter,
        _ desk: UnpackingDesk
    ) throws(Halt) {
        self.format = format
        self.meter = meter
        members = try ArchiveMembers(format, in: packed)
        guard let first = try members.next() else { throw .failed("there is no file in the \(format) archive") }
        let isOVA = format == .tar && first.name.lowercased().hasSuffix(".ovf")
        let layers = [isOVA ? "ova" : format.rawValue, compression?.rawValue].compactMap { $0 }
        desk.tell { $0.wrapper = layers.joined(separator: "+") }
        guard isOVA else { return }
        let descriptor = try readDescriptor()
        let (disk, file) = try descriptor.onlyDisk()
        (self.descriptor, self.disk) = (descriptor, file)
        let description = OVFDescription(os: descriptor.os, capacity: disk.capacity)
        desk.tell { $0.ovf = description }
        guard try skipToDisk() else { throw .failed("the disk that the OVF descriptor names is not in the OVA") }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Halt) -> Int {
        guard !isOver else { return 0 }
        let length = try members.read(into: buffer)
        count += Int64(length)
        if length == 0 {
            isOver = true
            try finish()
        }
        return length
    }

    private func finish() throws(Halt) {
        if let disk {
            if let size = disk.size, size != count {
                throw .failed("the disk in the OVA has \(count) bytes, its descriptor says \(size)")
            }
            guard try !skipToDisk() else { throw .failed("the OVA has its disk twice") }
        } else if try members.next() != nil {
            throw .failed("there is more than one file in the \(format) archive; an image is one disk")
        }
        try members.finish()
    }

    private func readDescriptor() throws(Halt) -> OVFDescriptor {
        let scratch = ScratchBuffer(UnpackLimits.descriptorBytes + 1)
        var length = 0
        while length < scratch.bytes.count {
            let more = try members.read(into: UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[length...]))
            guard more > 0 else { break }
            length += more
        }
        guard length <= UnpackLimits.descriptorBytes else {
            throw .limit("the OVF descriptor is larger than \(UnpackLimits.descriptorBytes) bytes")
        }
        do throws(XMLFault) {
            return try OVFDescriptor(parsing: Array(scratch.bytes[..<length]))
        } catch {
            throw .failed("the OVF descriptor \(error.reason) (byte \(error.offset))")
        }
    }

    /// Passes over the manifest, the certificate and the other files of the descriptor; false at the end.
    private func skipToDisk() throws(Halt) -> Bool {
        while let file = try members.next() {
            let name = file.name.hasPrefix("./") ? String(file.name.dropFirst(2)) : file.name
            if name == disk?.name { return true }
            let isKnown = descriptor?.files.contains { $0.name == name } == true
            guard isKnown || [".mf", ".cert"].contains(where: name.lowercased().hasSuffix) else {
                throw .failed("the OVA has a file that its descriptor does not name: \(name.prefix(100))")
            }
            let scratch = ScratchBuffer(64 << 10)
            while case let length = try members.read(into: scratch.bytes), length > 0 {
                skipped += Int64(length)
                try meter.check(output: skipped)
            }
        }
        return false
    }
}
