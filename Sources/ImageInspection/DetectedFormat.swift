public import ImageModel

/// What an image's bytes show themselves to be.
public enum DetectedFormat: String, Sendable, CaseIterable {
    // MARK: Formats of images
    /// No other format: the bytes of a disk as they are.
    case raw
    /// QEMU copy-on-write, version 2 or 3.
    case qcow2
    /// VMware.
    case vmdk
    /// Microsoft Virtual PC.
    case vhd
    /// Microsoft Hyper-V.
    case vhdx
    /// VirtualBox.
    case vdi
    /// ISO 9660 or UDF.
    case iso

    // MARK: Formats that no image may have
    /// Linux Unified Key Setup: a disk as it is, encrypted.
    case luks
    /// QEMU copy-on-write, version 1.
    case qcow
    /// QEMU enhanced disk.
    case qed
    /// VMware's copy-on-write extent of ESX.
    case cowd
    /// VMware's space-efficient sparse extent.
    case sesparse
    /// Parallels, both variants.
    case parallels
    /// Bochs growing disk.
    case bochs
    /// Compressed loop device.
    case cloop
    /// Apple disk image.
    case dmg
    /// Android sparse image.
    case androidSparse = "android-sparse"

    // MARK: Wrappers
    /// RFC 1952.
    case gzip
    /// The .xz file format.
    case xz
    /// RFC 8878.
    case zstd
    /// bzip2.
    case bzip2
    /// LZ4 frames.
    case lz4
    /// A ZIP archive.
    case zip
    /// An LHA archive.
    case lha
    /// A tape archive.
    case tar
    /// A tape archive that begins with an OVF descriptor.
    case ova

    /// What the catalog calls an image of this format; nil when none can be of it.
    public var imageFormat: ImageFormat? {
        self == .luks ? .raw : ImageFormat(rawValue: rawValue)
    }
}
