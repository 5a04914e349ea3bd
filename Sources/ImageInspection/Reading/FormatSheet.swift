import ImageModel

/// What one reader has noted.
struct FormatSheet: Sendable, Hashable {
    /// The format that the bytes have, by this reader.
    private(set) var format: DetectedFormat?
    var virtualSize: Int64?
    var blockSize: Int64?
    var encryption: DiskEncryption?
    var boot = BootLayout()
    /// Whether the first bytes are the disk's own, so that a partition table there is no second format.
    var beginsWithDisk = false
    private(set) var notes: [Note] = []

    struct Note: Sendable, Hashable {
        let rule: SafetyRule
        let offset: Int64?
        let message: String
    }

    /// A stranger's image must not fill events and logs; nor may many notes of one rule crowd out one of another.
    private static let notesMaxOfARule = 4
    private static let messageLength = 240

    mutating func claim(_ format: DetectedFormat) {
        self.format = format
    }

    mutating func note(_ rule: SafetyRule, at offset: Int64?, _ message: String) {
        guard notes.count(where: { $0.rule == rule }) < Self.notesMaxOfARule else { return }
        notes.append(Note(rule: rule, offset: offset, message: String(message.prefix(Self.messageLength))))
    }
}
