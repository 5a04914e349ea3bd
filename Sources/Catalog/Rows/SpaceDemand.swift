/// How many bytes a transfer will have in its store, as far as anybody can tell by now.
public struct SpaceDemand: Hashable, Sendable {
    /// With less than this it cannot go on.
    public var least: Int64
    /// More than this it does not want now.
    public var most: Int64

    /// A demand for at least `least` and at most `most` bytes, both counted from the transfer's first byte.
    public init(least: Int64, most: Int64) {
        self.least = least
        self.most = max(least, most)
    }

    /// A demand for as many bytes as an image is known to have.
    public static func exactly(_ bytes: Int64) -> Self { Self(least: bytes, most: bytes) }
}

/// How much space a store had at one moment; made by ``ImageCatalog/measureSpace(of:leaving:_:)``.
public struct SpaceMeasurement: Hashable, Sendable {
    /// What the store's place gave to anybody who asked.
    public let freeBytes: Int64
    /// How much of that must stay free (`stores.<name>.reserve_bytes`).
    public let reserveBytes: Int64
    /// ``SpacePromises/released`` before the measurement: what was released since may not be missing from it yet.
    let releasedBefore: Int64

    /// Far above every disk, and low enough that sums of a few such numbers do not overflow.
    private static let bound: Int64 = 1 << 60

    init(freeBytes: Int64, reserveBytes: Int64, releasedBefore: Int64) {
        self.freeBytes = min(max(0, freeBytes), Self.bound)
        self.reserveBytes = min(max(0, reserveBytes), Self.bound)
        self.releasedBefore = releasedBefore
    }
}

/// What is promised of a store.
public struct SpacePromises: Hashable, Sendable {
    /// The bytes promised to open transfers and, as far as is known, not written yet.
    public var outstanding: Int64
    /// How many bytes ever ceased to be outstanding, because they were written or their transfer ended. It only grows.
    public var released: Int64

    /// Promises from their numbers.
    public init(outstanding: Int64, released: Int64) {
        self.outstanding = outstanding
        self.released = released
    }
}
