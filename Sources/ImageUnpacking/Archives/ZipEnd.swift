/// The end of a zip (APPNOTE 4.3.14 to 4.3.16): it counts the members, and is found from behind.
struct ZipEnd {
    /// The most bytes behind the last member: a directory of ``UnpackLimits/members`` with long names, and a comment.
    static let longest = 256 << 10

    /// How many members there are.
    let entries: UInt64
    /// Where the directory of them begins, which is behind the last one.
    let directory: UInt64
    /// How long the directory is.
    let length: UInt64
    /// How many bytes stand behind it.
    let rest: Int

    /// The end in the last bytes of an archive; nil when they are none.
    init?(in tail: [UInt8]) {
        guard tail.count >= 22 else { return nil }
        // A comment of up to 65,535 bytes comes last.
        for start in stride(from: tail.count - 22, through: max(0, tail.count - 22 - 65_535), by: -1) {
            guard Self.isRecord(0x05, 0x06, at: start, tail),
                Self.number(2, at: start + 20, tail) == tail.count - start - 22
            else { continue }
            let entries = Self.number(2, at: start + 10, tail)
            let length = Self.number(4, at: start + 12, tail)
            let directory = Self.number(4, at: start + 16, tail)
            // What does not fit stands in a zip64 record, which stands before its locator.
            let large = start - 76
            let isLarge =
                large >= 0 && Self.isRecord(0x06, 0x07, at: start - 20, tail)
                && Self.isRecord(0x06, 0x06, at: large, tail)
            self.entries = entries == 0xFFFF && isLarge ? Self.number(8, at: large + 32, tail) : entries
            self.length = length == 0xFFFF_FFFF && isLarge ? Self.number(8, at: large + 40, tail) : length
            rest = tail.count - (isLarge ? large : start)
            self.directory = directory == 0xFFFF_FFFF && isLarge ? Self.number(8, at: large + 48, tail) : directory
            return
        }
        return nil
    }

    private static func isRecord(_ third: UInt8, _ fourth: UInt8, at start: Int, _ tail: [UInt8]) -> Bool {
        tail[start] == 0x50 && tail[start + 1] == 0x4B && tail[start + 2] == third && tail[start + 3] == fourth
    }

    private static func number(_ length: Int, at start: Int, _ tail: [UInt8]) -> UInt64 {
        tail[start..<(start + length)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
