public import ImageModel

/// What inspection found out about an image while its bytes went by.
public struct ImageReport: Sendable, Hashable {
    /// The format that the bytes themselves show.
    public var format: DetectedFormat
    /// The size of the disk a guest will see, in bytes; nil when the image does not tell.
    public var virtualSize: Int64?
    /// The number of bytes of the image.
    public var size: Int64
    /// The unit in which the format allots space (cluster, grain, block), in bytes; nil when it has none.
    public var blockSize: Int64?
    /// How the content is encrypted; nil when it is not.
    public var encryption: DiskEncryption?
    /// How a machine would boot from the disk, as far as its first bytes tell.
    public var boot: BootLayout
    /// Everything that was noticed, in a fixed order.
    public var findings: [Finding]

    /// A report from its parts.
    public init(
        format: DetectedFormat, virtualSize: Int64?, size: Int64, blockSize: Int64? = nil,
        encryption: DiskEncryption? = nil, boot: BootLayout = BootLayout(), findings: [Finding] = []
    ) {
        self.format = format
        self.virtualSize = virtualSize
        self.size = size
        self.blockSize = blockSize
        self.encryption = encryption
        self.boot = boot
        self.findings = findings
    }

    /// Whether the image must not come in.
    public var isRefused: Bool { findings.contains { $0.severity == .error } }

    /// Why the image must not come in, in one sentence; nil when it may.
    public var refusal: String? { InspectionError(refusing: findings)?.message }
}

/// How the content of a disk is encrypted.
public enum DiskEncryption: String, Sendable, CaseIterable {
    /// AES as qcow and early qcow2 have it, which is broken.
    case aes
    /// Linux Unified Key Setup, version 1, or inside a qcow2.
    case luks
    /// Linux Unified Key Setup, version 2.
    case luks2
}

/// How a machine would boot from a disk, as far as its partition table or boot catalog tells.
public struct BootLayout: Sendable, Hashable {
    /// The partition table; nil when there is none.
    public var partitionTable: PartitionTable?
    /// Something for a BIOS to start.
    public var hasBIOS = false
    /// Something for a UEFI to start.
    public var hasUEFI = false

    /// Nothing to boot.
    public init() {}

    /// Kinds of partition table.
    public enum PartitionTable: String, Sendable, CaseIterable {
        /// Master boot record.
        case mbr
        /// GUID partition table.
        case gpt
        /// Apple partition map.
        case apm
    }
}
