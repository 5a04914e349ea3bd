/// Reads `    (12.34/100%)` and a carriage return, over and over, from what `qemu-img -p` writes. Keeps at most one line.
struct ProgressLines {
    private var line: [UInt8] = []
    private var isTooLong = false

    private static let lengthLimit = 64

    /// Takes the next bytes; returns the largest part that they report as done, from 0 to 1.
    mutating func add(_ bytes: some Sequence<UInt8>) -> Double? {
        var largest: Double?
        for byte in bytes {
            guard byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") else {
                if line.count < Self.lengthLimit { line.append(byte) } else { isTooLong = true }
                continue
            }
            if !isTooLong, let fraction = Self.fraction(of: line) { largest = max(largest ?? 0, fraction) }
            line.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        return largest
    }

    private static func fraction(of line: [UInt8]) -> Double? {
        let text = String(decoding: line, as: UTF8.self)
        guard let open = text.firstIndex(of: "("), let slash = text[open...].firstIndex(of: "/"),
            let percent = Double(text[text.index(after: open)..<slash]), percent.isFinite
        else { return nil }
        return min(max(percent / 100, 0), 1)
    }
}
