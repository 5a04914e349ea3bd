import ImageModel

/// Which part of the outbox to read next.
public struct OutboxRange: Sendable, Hashable {
    /// Only entries behind the one with this number.
    public var after: Int64
    /// Only entries up to the one with this number.
    public var through: Int64
    /// The most entries to read.
    public var limit: Int
    /// No more entries once their rows hold so many bytes of text. The first is read whatever its size.
    public var byteLimit: Int

    /// A range; by default all of the outbox, in pages of 256 entries or 4 MiB.
    public init(
        after: Int64 = 0, through: Int64 = .max, limit: Int = 256, byteLimit: Int = 4 << 20
    ) {
        self.after = after
        self.through = through
        self.limit = limit
        self.byteLimit = byteLimit
    }
}

/// Entries of the outbox that may go out now, and how far it was read to find them.
public struct OutboxPage: Sendable, Hashable {
    /// Unpublished entries, oldest first. No event of an image is among them while an earlier one of that image waits
    /// before this page.
    public private(set) var entries: [OutboxEntry] = []
    /// The number of the last entry that was looked at, whether it may go out or not; nil when none waits in the range.
    public private(set) var last: Int64?
    private var heldImages: Set<ImageID> = []

    /// A page before anything was read.
    public init() {}

    /// Whether events were left out because an earlier one of their image waits before this page.
    public var holdsBack: Bool { !heldImages.isEmpty }

    /// Takes the next row of the range.
    ///
    /// - Parameter isBehindAnother: Whether the event of the image that comes before it waits before this page.
    public mutating func add(_ entry: OutboxEntry, isBehindAnother: Bool) {
        last = entry.number
        if let image = entry.orderedBy {
            if isBehindAnother { heldImages.insert(image) }
            if heldImages.contains(image) { return }
        }
        entries.append(entry)
    }
}
