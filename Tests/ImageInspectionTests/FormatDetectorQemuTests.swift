import Foundation
import ImageModel
import Testing

@testable import ImageInspection

/// One way of `qemu-img` to write an image.
struct QemuCase: Sendable, CustomTestStringConvertible {
    let format: ImageFormat
    let qemuFormat: String
    var options: [String] = []
    var testDescription: String { ([qemuFormat] + options).joined(separator: " ") }

    static let all: [Self] = [
        .init(format: .raw, qemuFormat: "raw"),
        .init(format: .qcow2, qemuFormat: "qcow2", options: ["compat=0.10"]),
        .init(format: .qcow2, qemuFormat: "qcow2", options: ["compat=1.1"]),
        .init(format: .qcow2, qemuFormat: "qcow2", options: ["cluster_size=512"]),
        .init(format: .qcow2, qemuFormat: "qcow2", options: ["cluster_size=2M", "extended_l2=on"]),
        .init(format: .qcow2, qemuFormat: "qcow2", options: ["compression_type=zstd"]),
        .init(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=monolithicSparse"]),
        .init(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=streamOptimized"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=dynamic"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=dynamic", "force_size=on"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=fixed"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=fixed", "force_size=on"]),
        .init(format: .vhdx, qemuFormat: "vhdx", options: ["subformat=dynamic"]),
        .init(format: .vhdx, qemuFormat: "vhdx", options: ["subformat=fixed", "block_size=1M"]),
        .init(format: .vdi, qemuFormat: "vdi"),
        .init(format: .vdi, qemuFormat: "vdi", options: ["static=on"]),
    ]
}

@Suite("Formats against qemu-img", .enabled(if: QemuImage.isInstalled, "qemu-img is not installed."))
struct FormatDetectorQemuTests {
    private static let disk = Data(noise(3 << 20))
    private static let chunkSizes = [4_093, 65_536, 1 << 20, 64 << 20]

    private func image(_ qemu: QemuCase, in directory: TemporaryDirectory) throws -> String {
        let raw = "\(directory.path)/raw"
        try Self.disk.write(to: URL(fileURLWithPath: raw))
        let file = "\(directory.path)/image"
        let options = qemu.options.isEmpty ? [] : ["-o", qemu.options.joined(separator: ",")]
        try QemuImage.run(["convert", "-f", "raw", "-O", qemu.qemuFormat] + options + [raw, file])
        return file
    }

    @Test("Format and virtual size agree with qemu-img at every chunk size", arguments: QemuCase.all)
    func agreesWithQemu(_ qemu: QemuCase) async throws {
        let directory = try TemporaryDirectory()
        let file = try image(qemu, in: directory)
        // qemu-img does not recognise a fixed vhd by itself: what marks it lies at the end.
        let info = try QemuImage.info(file, format: qemu.qemuFormat)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        for size in Self.chunkSizes {
            let report = try inspect(bytes, chunkSize: size)
            #expect(report.format == qemu.format)
            #expect(report.virtualSize == info.virtualSize)
            #expect(report.size == Int64(bytes.count))
        }
    }

    @Test("Passing over what the detector does not need changes no report", arguments: QemuCase.all)
    func passesOver(_ qemu: QemuCase) async throws {
        let directory = try TemporaryDirectory()
        let file = try image(qemu, in: directory)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        let whole = try inspect(bytes, chunkSize: 65_536)
        let last = bytes.count - bytes.count % 4_096
        for end in Set([4_096, 65_536, 1 << 20, 2 << 20, last - 4_096, last]) where end > 0 && end <= last {
            var detector = FormatDetector()
            var shown = 0
            while detector.position < end {
                let needed = Int(detector.nextNeeded(before: Int64(end)))
                detector.skip(to: Int64(needed - needed % 4_096))
                let place = Int(detector.position)
                let part = bytes[place..<min(place + 4_096, end)]
                shown += part.count
                try part.withUnsafeBytes { try detector.update($0) }
            }
            #expect(end < 2 << 20 || shown < end, "\(shown) of \(end) bytes were needed")
            try bytes[end...].withUnsafeBytes { try detector.update($0) }
            #expect(try detector.finish() == whole, "interrupted at \(end)")
        }
    }

    @Test("A vmdk whose data lies in other files is refused", arguments: ["monolithicFlat", "twoGbMaxExtentSparse"])
    func vmdkDescriptor(_ subformat: String) throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/image.vmdk"
        try QemuImage.run(["create", "-f", "vmdk", "-o", "subformat=\(subformat)", file, "3M"])
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        #expect(throws: InspectionError(.externalData, "")) { try inspect(bytes, chunkSize: 512) }
    }

    @Test("A qcow2 that leans on another file is refused in its first chunk", arguments: ["backing", "data"])
    func qcow2OtherFile(_ kind: String) throws {
        let directory = try TemporaryDirectory()
        let other = "\(directory.path)/other"
        let file = "\(directory.path)/image"
        try QemuImage.run(["create", "-f", "raw", other, "3M"])
        let arguments = kind == "backing" ? ["-b", other, "-F", "raw"] : ["-o", "data_file=\(other)"]
        try QemuImage.run(["create", "-f", "qcow2"] + arguments + [file, "3M"])
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        let rule: SafetyRule = kind == "backing" ? .backingFile : .externalData
        let error = #expect(throws: InspectionError.self) { try inspect(Array(bytes[..<4_096]), chunkSize: 4_096) }
        #expect(error?.code == .imageUnsafe)
        #expect(error?.message.hasPrefix(rule.rawValue) == true)
    }
}

/// Shows a detector a whole stream in pieces of one size.
func inspect(_ bytes: [UInt8], chunkSize: Int) throws -> ImageReport {
    var detector = FormatDetector()
    try bytes.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: bytes.count, by: chunkSize) {
            let end = min(start + chunkSize, bytes.count)
            try detector.update(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        }
    }
    return try detector.finish()
}
