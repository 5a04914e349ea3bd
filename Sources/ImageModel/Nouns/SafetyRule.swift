/// What inspection looks for in an image.
///
/// The raw values stand in findings, and in `inspect.relax.<rule>` of the configuration. What each leads to stands in
/// ``SafetyRule/entry``.
public enum SafetyRule: String, Sendable, Codable, CaseIterable {
    // MARK: What lies outside the image

    /// The image names another file whose content the guest would see.
    case backingFile = "backing_file"
    /// The image keeps its data in another file.
    case externalData = "external_data"
    /// A VMDK extent that is another file, or of a kind that only works with other files.
    case foreignExtent = "foreign_extent"
    /// The image is only the difference to a parent.
    case differencing

    // MARK: What programs may read differently

    /// The bytes are valid under more than one format, so that two programs may read two different disks.
    case ambiguousFormat = "ambiguous_format"
    /// The image says the same thing twice, and differently.
    case contradiction
    /// The image needs a feature that nobody here knows.
    case unknownFeature = "unknown_feature"
    /// A VMDK descriptor holds a line that no known program writes.
    case unknownDescriptorLine = "unknown_descriptor_line"
    /// The journal holds changes that are not yet in the tables that were inspected.
    case pendingLog = "pending_log"

    // MARK: What is broken

    /// The header begins like a format's and does not go on like it.
    case malformed
    /// The image says of itself that its tables are damaged.
    case corrupt
    /// A size or count that no disk has, or that would exhaust who opens the image.
    case absurdSize = "absurd_size"
    /// Whoever wrote the image did not close it.
    case unclean
    /// The image is shorter than it says.
    case truncated
    /// The partition table breaks its own rules.
    case partitionTable = "partition_table"

    // MARK: What cannot be looked into

    /// The content is encrypted, and images come without keys.
    case encrypted
    /// A format that is recognised in order to be refused.
    case unsupportedFormat = "unsupported_format"
    /// The bytes are compressed or packed; what is inside was not inspected.
    case wrapped
    /// An archive has members that are no plain files, or would be unpacked elsewhere.
    case archiveMember = "archive_member"

    // MARK: What is worth knowing

    /// A format whose layout only its vendor knows was declared, and the bytes show no other.
    case opaqueFormat = "opaque_format"
    /// The image holds earlier states of its disk besides the current one.
    case snapshots
    /// Raw bytes without a partition table.
    case unpartitioned

    // MARK: What was expected

    /// The format is another than the message expects.
    case formatMismatch = "format_mismatch"
    /// The disk is larger than the configuration allows.
    case sizeLimit = "size_limit"
    /// The disk is larger than the image's `min_disk_gib`.
    case minDiskTooSmall = "min_disk_too_small"
}
