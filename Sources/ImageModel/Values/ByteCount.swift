/// A number of bytes, as people write it in configuration and read it in progress lines.
public struct ByteCount: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The number of bytes, never negative.
    public let bytes: Int64

    /// A count from a number of bytes; negative numbers become zero.
    public init(_ bytes: Int64) {
        self.bytes = max(0, bytes)
    }

    /// Parses `4096`, `64MiB`, `1.5GiB` or `10MB`; nil for anything else, and for what does not fit in 63 bits.
    ///
    /// IEC units (`KiB`, `MiB`, `GiB`, `TiB`) are powers of 1,024, SI units (`kB`, `MB`, `GB`, `TB`) powers of 1,000.
    public init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard !digits.isEmpty, let factor = Self.units[String(unit)] else { return nil }
        if let whole = Int64(digits) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            bytes = product
        } else {
            guard factor > 1, let value = Double(digits), value * Double(factor) < 9e18 else { return nil }
            bytes = Int64(value * Double(factor))
        }
    }

    /// Orders by size.
    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    /// The count in the largest IEC unit that keeps it at or above one, with one decimal: `598.0 MiB`.
    public var description: String {
        var value = Double(bytes)
        var unit = "B"
        for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] where value >= 1_024 {
            value /= 1_024
            unit = larger
        }
        guard unit != "B" else { return "\(bytes) B" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }

    private static let units: [String: Int64] = [
        "": 1, "B": 1,
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50,
        "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
    ]
}
