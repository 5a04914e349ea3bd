/// What one reader can see of an image: the first bytes, those it asked for, and at the end the last ones.
struct SeenBytes: Sendable {
    /// The shared beginning of the image: all of it so far, at most ``headLength``.
    let head: [UInt8]
    /// What the reader asked for and has gone by, each as long as asked for unless the image ended in it.
    let regions: [HeaderBytes]
    /// The last bytes, once the image has ended.
    let tail: HeaderBytes?
    /// How many bytes have gone by.
    let position: Int64

    /// Enough for every header at a fixed place but those of vhdx, and for the descriptors of optical discs.
    static let headLength = 64 << 10
    /// Enough for every footer.
    static let tailLength = 4 << 10

    /// Bytes of the image; fewer than `count` when it ends in them.
    ///
    /// - Throws: ``Halt/needs(_:)`` when they have not all gone by; ``Halt/damaged(at:_:)`` when they have gone by before
    ///   anything asked for them.
    func bytes(at offset: Int64, count: Int) throws(Halt) -> HeaderBytes {
        let (end, overflow) = offset.addingReportingOverflow(Int64(count))
        guard offset >= 0, count >= 0, !overflow else { throw .damaged(at: 0, "it refers to byte \(offset)") }
        if tail != nil, offset >= position {
            return HeaderBytes(bytes: [], start: offset)
        }
        let upperBound = tail == nil ? end : min(end, position)
        guard upperBound <= position else {
            guard offset >= position || position <= head.count else { throw Self.passed(offset) }
            throw .needs(offset..<end)
        }
        let known = [HeaderBytes(bytes: head, start: 0)] + regions + (tail.map { [$0] } ?? [])
        for part in known where part.start <= offset && upperBound <= part.start + Int64(part.count) {
            let from = Int(offset - part.start)
            return HeaderBytes(bytes: Array(part.bytes[from..<(from + Int(upperBound - offset))]), start: offset)
        }
        throw Self.passed(offset)
    }

    /// The last bytes of the image, at most ``tailLength``; fewer than `count` when the image is shorter.
    func last(_ count: Int) throws(Halt) -> HeaderBytes {
        guard let tail else { throw .needsEnd }
        let bytes = Array(tail.bytes.suffix(count))
        return HeaderBytes(bytes: bytes, start: position - Int64(bytes.count))
    }

    /// The number of bytes of the image.
    var size: Int64 {
        get throws(Halt) {
            guard tail != nil else { throw .needsEnd }
            return position
        }
    }

    private static func passed(_ offset: Int64) -> Halt {
        .damaged(at: offset, "its header refers back to byte \(offset), where no header can be")
    }
}
