import ImageModel

@testable import ImageUnpacking

/// Reads a made-up descriptor: nothing may trap, take long or come out larger than it went in.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOVF(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    if var reader = try? XMLReader(input) {
        var depth = 0
        var length = 0
        while let event = (try? reader.next()) ?? nil {
            switch event {
            case .start(let name, let attributes):
                depth += 1
                length += name.utf8.count + attributes.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
                precondition(attributes.count <= XMLReader.attributes, "too many attributes")
            case .end: depth -= 1
            case .text(let text): length += text.utf8.count
            }
            // An element that ends where it begins is one deeper for a moment.
            precondition((0...XMLReader.depth + 1).contains(depth), "\(depth) levels")
        }
        precondition(length <= count, "\(length) bytes of \(count)")
    }
    guard let descriptor = try? OVFDescriptor(parsing: input) else { return 0 }
    precondition(descriptor.files.count <= UnpackLimits.members + 1, "too many files")
    precondition(descriptor.disks.allSatisfy { $0.capacity ?? 0 >= 0 }, "a disk of negative size")
    if let (disk, file) = try? descriptor.onlyDisk() {
        precondition(disk.fileID == file.id && !file.name.isEmpty, "a disk without a file")
    }
    return 0
}
