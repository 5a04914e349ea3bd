import ImageModel
import ImageUnpacking
import PackedImages
import Testing

@Suite("Disks in an OVA", .timeLimit(.minutes(20)))
struct OVATests {
    private let disk = sampleDisk(100_003)

    /// A descriptor as VMware and VirtualBox write it, with as many disks as files.
    static func descriptor(
        files: String? = nil, disks: String? = nil, systems: String? = nil, size: Int = 100_003
    ) -> [UInt8] {
        let files = files ?? "<File ovf:id=\"file1\" ovf:href=\"disk1.vmdk\" ovf:size=\"\(size)\"/>"
        let disks =
            disks
                ?? """
                <Disk ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk1" ovf:fileRef="file1"
                  ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
                """
        let systems =
            systems
                ?? """
                <VirtualSystem ovf:id="vm"><Info>A machine</Info>
                  <OperatingSystemSection ovf:id="94" ovf:version="24.04" vmw:osType="ubuntu64Guest">
                    <Info>The kind of guest</Info><Description>Ubuntu Linux (64-bit) &amp; more</Description>
                  </OperatingSystemSection>
                </VirtualSystem>
                """
        return Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- made by hand -->
            <Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
              xmlns:vmw="http://www.vmware.com/schema/ovf">
              <References>\(files)</References>
              <DiskSection><Info>Disks</Info>\(disks)</DiskSection>
              \(systems)
            </Envelope>
            """.utf8)
    }

    @Test(
        "The disk is what the descriptor says it is, and what it says of the guest is told", arguments: [97, 1 << 16])
    func disk(cut: Int) async throws {
        let packed = Packer.archive(
            [
                .init("vm.ovf", Self.descriptor()), .init("vm.mf", Array("SHA256(vm.ovf)= 00\n".utf8)),
                .init("disk1.vmdk", disk), .init("vm.cert", [1]),
            ], as: .ustar)
        let served = Served(packed, cut: cut)
        try await Unpacker(chunkSize: 4_096).withUnpacking(announced: nil, { served.next() }) { unpacking in
            var bytes: [UInt8] = []
            while let chunk = try await unpacking.nextChunk() { chunk.withBytes { bytes.append(contentsOf: $0) } }
            #expect(bytes == disk)
            #expect(unpacking.facts.wrapper == "ova")
            let os = OperatingSystem(type: "linux", distro: "ubuntu", version: "24.04", arch: "x86_64")
            #expect(unpacking.facts.ovf == OVFDescription(os: os, capacity: 8 << 30))
        }
    }

    @Test("Other files of the machine are passed over, and it may be compressed as a whole")
    func others() async throws {
        let files = """
            <File ovf:id="nvram" ovf:href="vm.nvram"/><File ovf:id="file1" ovf:href="disk1.vmdk"/>
            """
        let packed = Packer.archive(
            [
                .init("./vm.ovf", Self.descriptor(files: files)), .init("./vm.nvram", [1, 2, 3]),
                .init("./disk1.vmdk", disk),
            ], as: .gnutar, .gzip)
        let unpacked = try await Unpacker().unpacked(packed)
        #expect(unpacked.bytes == disk && unpacked.wrapper == "ova+gzip")
    }

    /// A descriptor with a fault.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var code = FailureCode.decompressionFailed
        let descriptor: [UInt8]
        let says: String
    }

    static let cases: [Case] = [
        Case(
            testDescription: "two disks",
            descriptor: descriptor(
                disks: "<Disk ovf:diskId='a' ovf:fileRef='file1'/><Disk ovf:diskId='b' ovf:fileRef='file2'/>"),
            says: "names 2 disks"),
        Case(
            testDescription: "an empty disk", descriptor: descriptor(disks: "<Disk ovf:diskId='a' ovf:capacity='9'/>"),
            says: "no disk with content"),
        Case(
            testDescription: "two machines",
            descriptor: descriptor(systems: "<VirtualSystem ovf:id='a'/><VirtualSystem ovf:id='b'/>"),
            says: "2 machines"),
        Case(
            testDescription: "a parent", code: .imageUnsafe,
            descriptor: descriptor(disks: "<Disk ovf:diskId='a' ovf:fileRef='file1' ovf:parentRef='b'/>"),
            says: "parent"),
        Case(
            testDescription: "a second wrapper",
            descriptor: descriptor(files: "<File ovf:id='file1' ovf:href='disk1.vmdk' ovf:compression='gzip'/>"),
            says: "packed again"),
        Case(
            testDescription: "a disk in pieces",
            descriptor: descriptor(files: "<File ovf:id='file1' ovf:href='disk1.vmdk' ovf:chunkSize='5'/>"),
            says: "several files"),
        Case(
            testDescription: "a file elsewhere",
            descriptor: descriptor(files: "<File ovf:id='file1' ovf:href='http://169.254.169.254/disk'/>"),
            says: "does not name"),
        Case(testDescription: "another size", descriptor: descriptor(size: 100_004), says: "100004"),
        Case(testDescription: "no XML", descriptor: Array("disk1.vmdk".utf8), says: "outside of its root"),
        Case(testDescription: "another document", descriptor: Array("<html/>".utf8), says: "no OVF envelope"),
        Case(
            testDescription: "entities",
            descriptor: Array("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><Envelope>&b;</Envelope>".utf8),
            says: "document type"),
        Case(
            testDescription: "too long", code: .decompressionLimit,
            descriptor: descriptor() + [UInt8](repeating: 0x20, count: 1 << 20), says: "larger than"),
    ]

    @Test("A descriptor that does not lead to one disk is refused", arguments: cases)
    func refused(_ test: Case) async throws {
        let packed = Packer.archive(
            [.init("vm.ovf", test.descriptor), .init("disk1.vmdk", disk)], as: .ustar)
        let (_, error) = try await Unpacker().failure(of: packed)
        #expect(error?.code == test.code)
        #expect(error?.message.contains(test.says) == true, "\(error?.message ?? "nothing")")
    }

    @Test("Files that the descriptor does not name, a second disk, and none at all are refused")
    func members() async throws {
        let descriptor = Packer.Member("vm.ovf", Self.descriptor())
        for members in [
            [descriptor, .init("other", [1]), .init("disk1.vmdk", disk)], [descriptor],
            [descriptor, .init("disk1.vmdk", disk), .init("disk1.vmdk", disk)],
            [descriptor, .init("disk1.vmdk", disk), .init("disk2.vmdk", disk)],
        ] as [[Packer.Member]] {
            let (_, error) = try await Unpacker().failure(of: Packer.archive(members, as: .ustar))
            #expect(error?.code == .decompressionFailed, "\(error?.message ?? "nothing")")
        }
    }
}
