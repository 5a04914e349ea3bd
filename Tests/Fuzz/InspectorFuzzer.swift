import ImageModel

@testable import ImageInspection

/// Shows the inspector one made-up image in several ways: none may trap, and all must tell the same.
///
/// The first byte of the input chooses its form. Bit 0: the rest is a list of patches (a place of three bytes, a length
/// of two, bytes) over an image of zeros, so that a few bytes make a whole vhdx; otherwise it is the image.
/// Bit 1: checksums are made right first, since no mutation would ever meet them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzInspector(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    var image = input[0] & 1 == 1 ? patched(input.dropFirst()) : Array(input.dropFirst())
    if input[0] & 2 == 2 { rightChecksums(&image) }
    let expectations = expectations(from: input)
    let whole = report(image, chunk: image.count, expectations)
    let chunk = max(1 + count % 4_099, image.count / 500)
    precondition(report(image, chunk: chunk, expectations) == whole, "chunks change the verdict")
    precondition(resumed(image, expectations) == whole, "an interruption changes the verdict")
    precondition(whole.findings.allSatisfy { $0.message.utf8.count < 1_024 }, "a finding is too long")
    precondition(whole.virtualSize ?? 0 >= 0, "a disk of negative size")
    return 0
}

private func expectations(from input: UnsafeBufferPointer<UInt8>) -> ImageExpectations {
    let last = input[input.count - 1]
    return ImageExpectations(
        format: last & 1 == 1 ? ImageFormat.allCases[Int(last >> 1) % ImageFormat.allCases.count] : nil,
        virtualSizeLimit: last & 0x20 != 0 ? 100_000 : nil, minimumDisk: last & 0x40 != 0 ? 1_000 : nil,
        relaxed: last & 0x80 != 0 ? Set(SafetyRule.allCases) : [])
}

private func patched(_ input: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
    var image: [UInt8] = []
    var rest = input[...]
    while rest.count > 5 {
        let header = Array(rest.prefix(5))
        let place = (Int(header[0]) | Int(header[1]) << 8 | Int(header[2]) << 16) % (4 << 20)
        let bytes = rest.dropFirst(5).prefix(Int(header[3]) | Int(header[4]) << 8)
        if image.count < place + bytes.count {
            image += [UInt8](repeating: 0, count: place + bytes.count - image.count)
        }
        image.replaceSubrange(place..<(place + bytes.count), with: bytes)
        rest = rest.dropFirst(5 + bytes.count)
    }
    return image
}

private func rightChecksums(_ image: inout [UInt8]) {
    let vhd = [(0, 512, 64), (512, 1_024, 36), (image.count - 512, 512, 64)]
    for (place, length, field) in vhd where place >= 0 && place + length <= image.count {
        guard [0x63, 0x00].contains(image[place]) else { continue }
        for byte in 0..<4 { image[place + field + byte] = 0 }
        let sum = ~image[place..<(place + length)].reduce(UInt32(0)) { $0 &+ UInt32($1) }
        for byte in 0..<4 { image[place + field + byte] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(byte))) }
    }
    let vhdx = [(65_536, 4_096), (131_072, 4_096), (196_608, 65_536), (262_144, 65_536)]
    for (place, length) in vhdx where place + length <= image.count {
        let bytes = Array(image[place..<(place + length)])
        let sum = CyclicRedundancyCheck.crc32C.checksum(bytes, zeroing: 4..<8)
        for byte in 0..<4 { image[place + 4 + byte] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(byte))) }
    }
}

private func report(_ image: [UInt8], chunk: Int, _ expectations: ImageExpectations) -> ImageReport {
    var inspector = ImageInspector(expectations: expectations)
    var most = 0
    image.withUnsafeBytes { all in
        for start in stride(from: 0, to: all.count, by: max(1, chunk)) {
            inspector.look(at: UnsafeRawBufferPointer(rebasing: all[start..<min(start + chunk, all.count)]))
            most = max(most, inspector.heldBytes)
        }
    }
    precondition(most <= 1_536 << 10, "\(most) bytes are held")
    return inspector.report()
}

private func resumed(_ image: [UInt8], _ expectations: ImageExpectations) -> ImageReport {
    var inspector = ImageInspector(expectations: expectations)
    let end = image.count / 2
    image.withUnsafeBytes { all in
        while inspector.position < end {
            inspector.skip(to: inspector.nextNeeded(before: Int64(end)) / 512 * 512)
            let place = Int(inspector.position)
            inspector.look(at: UnsafeRawBufferPointer(rebasing: all[place..<min(place + 512, end)]))
        }
        inspector.look(at: UnsafeRawBufferPointer(rebasing: all[end...]))
    }
    return inspector.report()
}
