import ImageModel

/// What an OVF descriptor says of the one disk of a machine, and of what runs on it (DSP0243).
struct OVFDescriptor: Equatable {
    /// A file beside the descriptor.
    struct File: Equatable {
        let id: String
        let name: String
        let size: Int64?
        let isPacked: Bool
        let isCut: Bool
    }

    /// A virtual disk.
    struct Disk: Equatable {
        let fileID: String?
        let capacity: Int64?
        let hasParent: Bool
    }

    private(set) var files: [File] = []
    private(set) var disks: [Disk] = []
    private(set) var machines = 0
    private(set) var os = OperatingSystem()
    private var hasSystem = false

    /// Reads the descriptor.
    ///
    /// - Throws: What is wrong with it, as the end of a sentence.
    init(parsing bytes: [UInt8]) throws(XMLFault) {
        var reader = try XMLReader(bytes)
        var isRoot = true
        while let event = try reader.next() {
            guard case .start(let name, let attributes) = event else { continue }
            guard !isRoot || name == "Envelope" else { throw XMLFault(reason: "is no OVF envelope", offset: 0) }
            isRoot = false
            guard files.count <= UnpackLimits.members, disks.count <= UnpackLimits.members else {
                throw XMLFault(reason: "names too many files or disks", offset: 0)
            }
            add(name, attributes)
        }
    }

    private mutating func add(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "File":
            let compression = attributes["compression"] ?? ""
            files.append(
                File(
                    id: attributes["id"] ?? "", name: attributes["href"] ?? "",
                    size: attributes["size"].flatMap { Int64($0) }, isPacked: !["", "identity"].contains(compression),
                    isCut: attributes["chunkSize"] != nil))
        case "Disk":
            disks.append(
                Disk(
                    fileID: attributes["fileRef"], capacity: Self.capacity(attributes),
                    hasParent: attributes["parentRef"] != nil))
        case "VirtualSystem": machines += 1
        case "OperatingSystemSection" where !hasSystem:
            hasSystem = true
            os = OperatingSystem(
                cimType: attributes["id"].flatMap { Int($0) }, version: attributes["version"],
                vendorType: attributes["osType"])
        default: break
        }
    }

    /// The capacity in bytes; nil when it is left to the machine's properties or in unknown units.
    private static func capacity(_ attributes: [String: String]) -> Int64? {
        guard let number = attributes["capacity"].flatMap({ Int64($0) }), number >= 0 else { return nil }
        let units = (attributes["capacityAllocationUnits"] ?? "byte").filter { $0 != " " }
        guard units != "byte" else { return number }
        // DSP0004, annex on programmatic units: of these only powers of two are in use.
        guard units.hasPrefix("byte*2^"), let power = Int(units.dropFirst(7)), (0..<63).contains(power) else {
            return nil
        }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: 1 << Int64(power))
        return isTooMuch ? nil : bytes
    }
}

extension OVFDescriptor {
    /// The only disk that has content, and its file.
    func onlyDisk() throws(Halt) -> (disk: Disk, file: File) {
        guard machines <= 1 else {
            throw .failed("the OVF descriptor describes \(machines) machines; an image is the disk of one")
        }
        let filled = disks.filter { $0.fileID != nil }
        guard let disk = filled.first else { throw .failed("the OVF descriptor names no disk with content") }
        guard filled.count == 1 else {
            throw .failed("the OVF descriptor names \(filled.count) disks; an image has one")
        }
        guard !disk.hasParent else {
            throw .unsafe("the disk of the OVF descriptor is only the difference to a parent")
        }
        let named = files.filter { $0.id == disk.fileID }
        guard let file = named.first, named.count == 1, !file.name.isEmpty else {
            throw .failed("the OVF descriptor does not say which file the disk is")
        }
        guard !file.isPacked else { throw .failed("the disk in the OVA is packed again; one wrapper is undone") }
        guard !file.isCut else { throw .failed("the disk in the OVA is cut into several files") }
        return (disk, file)
    }
}
