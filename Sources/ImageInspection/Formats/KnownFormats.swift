/// Every format that is looked for. The order is that of findings; it decides nothing.
enum KnownFormats {
    static let readers: [any FormatReader] = [
        QCOW2Reader(), VMDKReader(), VHDReader(), VHDXReader(), VDIReader(), OpticalDiscReader(), LUKSReader(),
        MagicReader(), AppleDiskImageReader(), TarReader(), PartitionTableReader(),
    ]
}
