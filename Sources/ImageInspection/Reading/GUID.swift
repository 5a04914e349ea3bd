/// Globally unique identifiers as they lie on disks.
enum GUID {
    /// The first three fields little-endian, the rest as written.
    static func bytes(_ text: String) -> [UInt8] {
        let fields = text.split(separator: "-").map { field in
            let digits = Array(field.utf8)
            return stride(from: 0, to: digits.count - 1, by: 2).map { index in
                UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) ?? 0
            }
        }
        return fields.prefix(3).flatMap { $0.reversed() } + fields.dropFirst(3).flatMap { $0 }
    }
}
