import ImageModel

@testable import ImageInspection

extension [UInt8] {
    /// The same bytes with others in their place from `offset` on; a negative offset counts from the end.
    func patched(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
        var copy = self
        let start = offset < 0 ? count + offset : offset
        if copy.count < start + bytes.count { copy += [UInt8](repeating: 0, count: start + bytes.count - copy.count) }
        copy.replaceSubrange(start..<(start + bytes.count), with: bytes)
        return copy
    }

    func patched(_ offset: Int, _ text: String) -> [UInt8] { patched(offset, Array(text.utf8)) }

    /// Replaces the first occurrence of a text by another one.
    func replacing(_ text: String, by other: String) -> [UInt8] {
        guard let range = firstRange(of: Array(text.utf8)) else { return self }
        return Array(self[..<range.lowerBound]) + Array(other.utf8) + Array(self[range.upperBound...])
    }

    /// The checksum of a vhd header made right again.
    func vhdSummed(at start: Int, length: Int, field: Int) -> [UInt8] {
        let start = start < 0 ? count + start : start
        let blank = patched(start + field, [0, 0, 0, 0])
        let sum = blank[start..<(start + length)].reduce(UInt32(0)) { $0 &+ UInt32($1) }
        return patched(start + field, bigEndian(~sum))
    }

    /// The checksum of a vhdx header or table made right again.
    func vhdxSummed(at start: Int, length: Int) -> [UInt8] {
        let sum = CyclicRedundancyCheck.crc32C.checksum(Array(self[start..<(start + length)]), zeroing: 4..<8)
        return patched(start + 4, littleEndian(sum))
    }
}

func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
