import Foundation
import ImageModel
import Testing

@testable import ImageInspection

/// A program that makes images, and how it is asked for one.
struct Maker: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let format: DetectedFormat
    /// What decides whether the test can run.
    let tool: String
    /// Shell commands that make `image` in the current directory, in which `disk` (1 MiB) and `tree/` stand.
    let script: String
    var boot = BootLayout()
    /// Rules that refuse it.
    var broken: [SafetyRule] = []
    /// What `qemu-img info` is told; nil where it does not know the format.
    var qemuFormat: String? = "raw"

    static let all = discs + disks + wrappers

    private static func boot(
        _ table: BootLayout.PartitionTable?, bios: Bool = false, uefi: Bool = false
    ) -> BootLayout {
        var layout = BootLayout()
        layout.partitionTable = table
        layout.hasBIOS = bios
        layout.hasUEFI = uefi
        return layout
    }

    /// QEMU measures the processor to choose the strength of a key, and gives up when a busy machine disturbs that.
    private static let patience = "for attempt in 1 2 3 4 5 6 7 8 9; do rm -f image;"

    private static let discs: [Self] = [
        .init(
            testDescription: "ISO 9660", format: .iso, tool: "/usr/bin/genisoimage",
            script: "genisoimage -quiet -o image -R tree"),
        .init(
            testDescription: "UDF bridge", format: .iso, tool: "/usr/bin/genisoimage",
            script: "genisoimage -quiet -udf -o image -R tree"),
        .init(
            testDescription: "ISO that boots BIOS and UEFI", format: .iso, tool: "/usr/bin/xorriso",
            script: """
                xorriso -as mkisofs -quiet -o image -b file -no-emul-boot -eltorito-alt-boot -e file -no-emul-boot tree
                """, boot: boot(nil, bios: true, uefi: true)),
        .init(
            testDescription: "hybrid ISO with a partition table", format: .iso, tool: "/usr/bin/xorriso",
            script: "xorriso -as mkisofs -quiet -o image -partition_offset 16 -append_partition 2 0xef disk tree",
            boot: boot(.mbr, uefi: true)),
        .init(
            testDescription: "GRUB's rescue disc", format: .iso, tool: "/usr/lib/grub-rescue/grub-rescue-cdrom.iso",
            script: "cp /usr/lib/grub-rescue/grub-rescue-cdrom.iso image", boot: boot(.mbr, bios: true)),
        .init(
            testDescription: "UDF alone", format: .iso, tool: "/usr/sbin/mkudffs",
            script: "truncate -s 4M image; mkudffs --blocksize=2048 image"),
    ]

    private static let disks: [Self] = [
        .init(
            testDescription: "GPT for BIOS and UEFI", format: .raw, tool: "/usr/sbin/sgdisk",
            script: "truncate -s 8M image; sgdisk -n 1:2048:+2M -t 1:ef00 -n 2:0:+1M -t 2:ef02 image",
            boot: boot(.gpt, bios: true, uefi: true)),
        .init(
            testDescription: "GPT without anything to boot", format: .raw, tool: "/usr/sbin/sgdisk",
            script: "truncate -s 8M image; sgdisk -n 1:2048:+2M image", boot: boot(.gpt)),
        .init(
            testDescription: "MBR", format: .raw, tool: "/usr/sbin/sgdisk",
            script: "truncate -s 8M image; sgdisk -n 1:2048:+2M image; sgdisk -m 1 image",
            boot: boot(.mbr)),
        .init(
            testDescription: "LUKS 1", format: .luks, tool: "/usr/bin/qemu-img",
            script: """
                \(patience) qemu-img create -q --object secret,id=s,data=abc -f luks \
                  -o key-secret=s,iter-time=10 image 1M && break; done
                """, broken: [.encrypted], qemuFormat: "luks"),
        .init(
            testDescription: "LUKS 2", format: .luks, tool: "/usr/sbin/cryptsetup",
            script: """
                truncate -s 20M image
                printf abc | cryptsetup luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 -q image -
                """, broken: [.encrypted], qemuFormat: nil),
        .init(
            testDescription: "QED", format: .qed, tool: "/usr/bin/qemu-img",
            script: "qemu-img create -q -f qed image 1M", broken: [.unsupportedFormat], qemuFormat: nil),
        .init(
            testDescription: "qcow 1", format: .qcow, tool: "/usr/bin/qemu-img",
            script: "qemu-img create -q -f qcow image 1M", broken: [.unsupportedFormat], qemuFormat: nil),
        .init(
            testDescription: "Parallels", format: .parallels, tool: "/usr/bin/qemu-img",
            script: "qemu-img create -q -f parallels image 1M", broken: [.unsupportedFormat], qemuFormat: nil),
        .init(
            testDescription: "qcow2 with LUKS", format: .qcow2, tool: "/usr/bin/qemu-img",
            script: """
                \(patience) qemu-img create -q --object secret,id=s,data=abc -f qcow2 \
                  -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 image 1M && break; done
                """, broken: [.encrypted], qemuFormat: "qcow2"),
        .init(
            testDescription: "qcow2 with a backing file", format: .qcow2, tool: "/usr/bin/qemu-img",
            script: "qemu-img create -q -f qcow2 -b disk -F raw image", broken: [.backingFile, .backingFile],
            qemuFormat: "qcow2"),
        .init(
            testDescription: "qcow2 with a data file", format: .qcow2, tool: "/usr/bin/qemu-img",
            script: "qemu-img create -q -f qcow2 -o data_file=other,data_file_raw=on image 1M",
            broken: [.externalData, .externalData, .externalData], qemuFormat: "qcow2"),
        .init(
            testDescription: "flat vmdk", format: .vmdk, tool: "/usr/bin/qemu-img",
            script: "qemu-img create -q -f vmdk -o subformat=monolithicFlat image 1M", broken: [.foreignExtent],
            qemuFormat: nil),
        .init(
            testDescription: "split vmdk", format: .vmdk, tool: "/usr/bin/qemu-img",
            script: "qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentSparse image 1M", broken: [.foreignExtent],
            qemuFormat: nil),
        .init(
            testDescription: "vmdk with a parent", format: .vmdk, tool: "/usr/bin/qemu-img",
            script: """
                qemu-img create -q -f vmdk base.vmdk 1M; qemu-img create -q -f vmdk -b base.vmdk -F vmdk image
                """, broken: [.differencing, .differencing], qemuFormat: "vmdk"),
    ]

    private static let wrappers: [Self] = [
        .init(
            testDescription: "gzip", format: .gzip, tool: "/usr/bin/gzip", script: "gzip -c disk > image",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "xz", format: .xz, tool: "/usr/bin/xz", script: "xz -0 -c disk > image",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "zstd", format: .zstd, tool: "/usr/bin/zstd", script: "zstd -q -c disk > image",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "bzip2", format: .bzip2, tool: "/usr/bin/bzip2", script: "bzip2 -c disk > image",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "lz4", format: .lz4, tool: "/usr/bin/lz4", script: "lz4 -q -c disk > image",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "zip", format: .zip, tool: "/usr/bin/zip",
            script: "zip -q image.zip disk; mv image.zip image",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "LHA", format: .lha, tool: "/usr/bin/jlha",
            script: "jlha cq image.lzh disk; mv image.lzh image",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "OVA", format: .ova, tool: "/usr/bin/tar",
            script: "cp disk disk.vmdk; echo '<x/>' > a.ovf; tar --format=ustar -cf image a.ovf disk.vmdk",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "old tar", format: .tar, tool: "/usr/bin/tar", script: "tar --format=v7 -cf image disk",
            broken: [.wrapped], qemuFormat: nil),
        .init(
            testDescription: "tar with a link and a name that leads elsewhere", format: .tar, tool: "/usr/bin/tar",
            script: "ln -s /etc/passwd link; tar -P -cf image link ../$(basename $PWD)/disk",
            broken: [.archiveMember, .archiveMember, .wrapped], qemuFormat: nil),
    ]
}

@Suite("Images by the tools that people use")
struct RealToolTests {
    @Test("Each is told for what it is, however the stream is cut", arguments: Maker.all)
    func told(_ maker: Maker) throws {
        guard FileManager.default.isReadableFile(atPath: maker.tool) else {
            let mustBeThere = ProcessInfo.processInfo.environment["LONGSHORE_REQUIRE_SERVICES"] != nil
            #expect(!mustBeThere, "\(maker.tool) is not installed")
            return
        }
        let directory = try TemporaryDirectory()
        let bytes = try make(maker, in: directory)
        let report = inspect(bytes)
        #expect(report.format == maker.format)
        #expect(report.boot == maker.boot)
        #expect(report.broken == maker.broken, "\(report.findings)")
        if let qemuFormat = maker.qemuFormat, QemuImage.isInstalled {
            let info = try QemuImage.info("\(directory.path)/image", format: qemuFormat)
            // qemu-img counts whole sectors.
            #expect(report.virtualSize.map { ($0 + 511) / 512 * 512 } == info.virtualSize)
        }
        for cut in bytes.count > 1 << 20 ? Cut.few : Cut.many { #expect(inspect(bytes, cut) == report, "cut \(cut)") }
        let end = bytes.count / 2 / 4_096 * 4_096
        #expect(resumed(bytes, at: end).report == report)
    }

    private func make(_ maker: Maker, in directory: TemporaryDirectory) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: directory.path)
        try Data(noise(1 << 18)).write(to: folder.appendingPathComponent("disk"))
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("tree"), withIntermediateDirectories: true)
        try Data(noise(5_000)).write(to: folder.appendingPathComponent("tree/file"))
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-ec", "PATH=$PATH:/usr/sbin:/sbin\n" + maker.script]
        shell.currentDirectoryURL = folder
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0, "\(maker.script)")
        return try [UInt8](Data(contentsOf: folder.appendingPathComponent("image")))
    }
}
