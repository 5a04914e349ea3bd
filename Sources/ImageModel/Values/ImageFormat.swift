/// The container format of a disk image.
public enum ImageFormat: String, Sendable, Codable, CaseIterable {
    /// Bytes of a disk as they are, partitioned or not.
    case raw
    /// QEMU copy-on-write, version 2 or 3.
    case qcow2
    /// VMware sparse or stream-optimised extent.
    case vmdk
    /// Microsoft Virtual PC, fixed or dynamic.
    case vhd
    /// Microsoft Hyper-V.
    case vhdx
    /// VirtualBox.
    case vdi
    /// ISO 9660 or UDF, hybrid ones included.
    case iso
}
