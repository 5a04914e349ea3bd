/// What no wrapper may exceed (`limits.unpacked_bytes`, `limits.unpack_ratio` and `fetch.timeouts.total` of the
/// configuration).
public struct UnpackLimits: Sendable, Hashable {
    /// The most bytes that may come out.
    public var bytes: Int64
    /// The most bytes that may come out for each byte served, once more than ``freeBytes`` came out.
    public var ratio: Int
    /// The longest time from the first byte to the last.
    public var time: Duration

    /// What may come out whatever the ratio: an empty disk is nothing but zeros, and packs to almost nothing.
    public static let freeBytes: Int64 = 64 << 20
    /// The most members of an archive.
    public static let members = 128
    /// The most bytes of an archive that may be headers: they are kept in memory.
    public static let headerBytes: Int64 = 4 << 20
    /// The largest OVF descriptor, in bytes.
    public static let descriptorBytes = 1 << 20
    /// The memory that a decompressor may ask for, in bytes. `xz -9` needs half of it.
    public static let memory: UInt64 = 144 << 20

    /// Limits from their parts; by default 1 TiB, 100 and a day.
    public init(bytes: Int64 = 1 << 40, ratio: Int = 100, time: Duration = .seconds(86_400)) {
        self.bytes = bytes
        self.ratio = max(1, ratio)
        self.time = time
    }
}
