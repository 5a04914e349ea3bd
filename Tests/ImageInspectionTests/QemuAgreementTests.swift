import Foundation
import ImageModel
import Testing

@testable import ImageInspection

/// One way of `qemu-img` to write an image.
struct QemuCase: Sendable, CustomTestStringConvertible {
    let format: DetectedFormat
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
        .init(format: .qcow2, qemuFormat: "qcow2", options: ["lazy_refcounts=on", "refcount_bits=64"]),
        .init(format: .qcow2, qemuFormat: "qcow2", options: ["preallocation=metadata", "refcount_bits=1"]),
        .init(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=monolithicSparse"]),
        .init(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=monolithicSparse", "adapter_type=lsilogic"]),
        .init(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=monolithicSparse", "zeroed_grain=on"]),
        .init(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=streamOptimized"]),
        .init(format: .vmdk, qemuFormat: "vmdk", options: ["subformat=streamOptimized", "compat6"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=dynamic"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=dynamic", "force_size=on"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=fixed"]),
        .init(format: .vhd, qemuFormat: "vpc", options: ["subformat=fixed", "force_size=on"]),
        .init(format: .vhdx, qemuFormat: "vhdx", options: ["subformat=dynamic"]),
        .init(format: .vhdx, qemuFormat: "vhdx", options: ["subformat=dynamic", "block_state_zero=off"]),
        .init(format: .vhdx, qemuFormat: "vhdx", options: ["subformat=fixed", "block_size=1M"]),
        .init(format: .vdi, qemuFormat: "vdi"),
        .init(format: .vdi, qemuFormat: "vdi", options: ["static=on"]),
    ]

    /// An image of this kind that holds `disk`.
    func make(of disk: [UInt8], in directory: TemporaryDirectory) throws -> String {
        let raw = "\(directory.path)/raw"
        try Data(disk).write(to: URL(fileURLWithPath: raw))
        let file = "\(directory.path)/image"
        let options = options.isEmpty ? [] : ["-o", options.joined(separator: ",")]
        try QemuImage.run(["convert", "-f", "raw", "-O", qemuFormat] + options + [raw, file])
        return file
    }

    /// The same, as bytes.
    func bytes(of disk: [UInt8] = noise(1 << 20)) throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        return try [UInt8](Data(contentsOf: URL(fileURLWithPath: make(of: disk, in: directory))))
    }
}

@Suite("Formats against qemu-img", .enabled(if: QemuImage.isInstalled, "qemu-img is not installed."))
struct QemuAgreementTests {
    private static let disk = noise(3 << 19)

    @Test("Format and virtual size agree with qemu-img however the stream is cut", arguments: QemuCase.all)
    func agreesWithQemu(_ qemu: QemuCase) throws {
        let directory = try TemporaryDirectory()
        let file = try qemu.make(of: Self.disk, in: directory)
        // qemu-img does not recognise a fixed vhd by itself: what marks it lies at the end.
        let info = try QemuImage.info(file, format: qemu.qemuFormat)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        let whole = inspect(bytes, .every(64 << 20))
        #expect(whole.format == qemu.format)
        #expect(whole.virtualSize == info.virtualSize)
        #expect(whole.size == Int64(bytes.count))
        #expect(!whole.isRefused, "\(whole.findings)")
        #expect(refusal(of: bytes) == nil)
        for cut in Cut.many { #expect(inspect(bytes, cut) == whole, "cut \(cut)") }
    }

    @Test("One byte or 17 at a time make no difference", arguments: QemuCase.all)
    func smallChunks(_ qemu: QemuCase) throws {
        let shown = Array(try qemu.bytes(of: noise(60_000)).prefix(100_000))
        let whole = inspect(shown, .every(1 << 20))
        for cut in Cut.small { #expect(inspect(shown, cut) == whole, "cut \(cut)") }
    }

    @Test("Passing over what the inspector does not need changes no report", arguments: QemuCase.all)
    func passesOver(_ qemu: QemuCase) throws {
        let bytes = try qemu.bytes(of: Self.disk)
        let whole = inspect(bytes)
        let last = bytes.count - bytes.count % 4_096
        for end in Set([4_096, 65_536, 1 << 20, 2 << 20, last - 4_096, last]) where end > 0 && end <= last {
            let (report, shown) = resumed(bytes, at: end)
            #expect(end < 2 << 20 || shown < end / 2, "\(shown) of \(end) bytes were needed")
            #expect(report == whole, "interrupted at \(end)")
        }
    }
}

/// The report of an inspector that is shown the first `end` bytes only where it needs them, and how many that were.
func resumed(
    _ bytes: [UInt8], at end: Int, expecting expectations: ImageExpectations = ImageExpectations()
) -> (report: ImageReport, shown: Int) {
    var inspector = ImageInspector(expectations: expectations)
    var shown = 0
    bytes.withUnsafeBytes { all in
        while inspector.position < end {
            let needed = Int(inspector.nextNeeded(before: Int64(end)))
            inspector.skip(to: Int64(needed - needed % 4_096))
            let place = Int(inspector.position)
            let part = all[place..<min(place + 4_096, end)]
            shown += part.count
            inspector.look(at: UnsafeRawBufferPointer(rebasing: part))
        }
        inspector.look(at: UnsafeRawBufferPointer(rebasing: all[end...]))
    }
    return (inspector.report(), shown)
}
