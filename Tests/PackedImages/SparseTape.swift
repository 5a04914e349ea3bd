extension Packer {
    /// A tar with one sparse file, in version 1.0 of GNU tar's format: its map stands before the data, in lines.
    public static func sparse(map: [UInt8], data: [UInt8] = [], size: Int = 0) -> [UInt8] {
        var attributes = ""
        for (key, value) in [
            ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "disk.raw"),
            ("GNU.sparse.realsize", "\(size)"),
        ] {
            let record = " \(key)=\(value)\n"
            let length = record.utf8.count
            // A record begins with its own length.
            attributes += "\(length + (length > 97 ? 3 : 2))" + record
        }
        let content = map + [UInt8](repeating: 0, count: -map.count & 511) + data
        return block(Array(attributes.utf8), type: "x") + block(content, type: "0")
            + [UInt8](repeating: 0, count: 1_024)
    }

    /// A header with its content behind it.
    private static func block(_ content: [UInt8], type: Character) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at place: Int) {
            header.replaceSubrange(place..<(place + text.utf8.count), with: Array(text.utf8))
        }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put("disk.raw", at: 0)
        put("0000644", at: 100)
        put(octal(content.count, 11), at: 124)
        put("        ", at: 148)
        put(String(type), at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0", at: 148)
        return header + content + [UInt8](repeating: 0, count: -content.count & 511)
    }
}
